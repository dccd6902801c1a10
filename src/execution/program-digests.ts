/**
 * What programs on this machine's disk are, by their content: looked at once for as long as the file stays as it
 * is. It says which program ran; whether that one may, others decide.
 */
import { readFile, stat } from 'node:fs/promises'
import { bytesHash } from '../receipts/text-hash.ts'
import { RecentMap } from '../core/recent-map.ts'

/** A larger one would take longer to read than most tasks run. */
const BYTES_MAX = 32 * 2 ** 20
/** As many programs as one worker can name. */
const KNOWN_MAX = 256

interface Known {
  /** What changes when the file does. */
  mark: string
  digest: Promise<string | undefined>
}

export class ProgramDigests {
  readonly #known = new RecentMap<string, Known>(KNOWN_MAX)

  /** SHA-256 of the file; undefined where it cannot be read, or is too large. Never rejects. */
  async of(path: string): Promise<string | undefined> {
    try {
      const { ino, mtimeMs, size } = await stat(path)
      const mark = `${ino} ${mtimeMs} ${size}`
      const known = this.#known.get(path)
      if (known?.mark === mark) return await known.digest
      const digest = size > BYTES_MAX ? Promise.resolve(undefined) : digestOf(path)
      this.#known.set(path, { mark, digest })
      return await digest
    } catch {
      return undefined
    }
  }
}

async function digestOf(path: string): Promise<string | undefined> {
  return await readFile(path).then(bytesHash, () => undefined)
}
