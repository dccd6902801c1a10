/** Where the store's own files lie in its folder: parts and blobs, each by its id. */
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ID_PREFIX = 'sha256:'
/** A name of ours: the id's digits. */
const OWN_NAME = /^[0-9a-f]{64}$/

export class OwnPlaces {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  part(id: string): string {
    return join(this.folder, 'parts', digitsOf(id))
  }

  /** In one of 256 folders, as some systems are slow with a hundred thousand names in one. */
  blob(id: string): string {
    const digits = digitsOf(id)
    return join(this.folder, 'blobs', digits.slice(0, 2), digits)
  }

  /** Ids of the files that lie there. What has another name is not ours, and stays. */
  ids(kind: 'blobs' | 'parts'): Set<string> {
    const folder = join(this.folder, kind)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const inFolder = readdirSync(folder, { encoding: 'utf8' })
    const inner = inFolder.filter((name) => statSync(join(folder, name)).isDirectory())
    const names =
      kind === 'parts' ? inFolder : inner.flatMap((name) => readdirSync(join(folder, name)))
    return new Set(names.filter((name) => OWN_NAME.test(name)).map((digits) => ID_PREFIX + digits))
  }
}

/** An id as a name. */
export function digitsOf(id: string): string {
  return id.slice(ID_PREFIX.length)
}
