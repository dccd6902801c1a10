/**
 * Which file of the mesh has which plain SHA-256, of those that came from the web: by that alone no file can be
 * found here. Kept across restarts, as far as that goes: what is forgotten is only fetched again.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { isFileId } from '../../model/file-id.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Logger } from '../../observe/logger.ts'

const HEX = /^[0-9a-f]{64}$/

export class KnownWebFiles {
  readonly #path: string
  readonly #logger: Logger
  /** By SHA-256; the one that was asked for last comes last. */
  readonly #ids = new Map<string, string>()
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(path: string, logger: Logger) {
    this.#path = path
    this.#logger = logger
  }

  async load(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '[]')
    try {
      for (const [sha256, id] of JSON.parse(text) as [unknown, unknown][]) {
        if (typeof sha256 === 'string' && HEX.test(sha256) && isFileId(id))
          this.#ids.set(sha256, id)
      }
    } catch (cause) {
      this.#logger.warn({ err: cause }, 'what came from the web before is not known any more')
    }
  }

  get(sha256: string): string | undefined {
    return this.#ids.get(sha256)
  }

  async add(sha256: string, id: string): Promise<void> {
    this.#ids.delete(sha256)
    this.#ids.set(sha256, id)
    for (const oldest of this.#ids.keys()) {
      if (this.#ids.size <= LIMITS.webFilesKnownMax) break
      this.#ids.delete(oldest)
    }
    this.#lastWrite = this.#lastWrite.then(() => this.#write())
    await this.#lastWrite
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const next = `${this.#path}.new`
    try {
      await writeFile(next, JSON.stringify([...this.#ids]), { mode: 0o600 })
      await rename(next, this.#path)
    } catch (cause) {
      this.#logger.warn({ err: cause }, 'what came from the web could not be noted')
    }
  }
}
