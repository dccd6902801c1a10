/** The files of the built dashboard: read whole when first asked for, and again after it was built anew. */
import { readFile, readdir, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PageFile {
  readonly type: string
  /** Worth packing. */
  readonly isText: boolean
  readonly bytes: Buffer
}

export interface PageFiles {
  readonly index: PageFile
  /** By their paths below the folder, with `/`. */
  readonly byName: ReadonlyMap<string, PageFile>
}

const INDEX = 'index.html'

/** What is of no other type is given out; what is of none of these is not. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2'
}
const PACKED_ALREADY = ['.ico', '.png', '.woff2']

/** Far more than any build has. */
const FILES_MAX = 512

export class PageFolder {
  readonly #path: string
  #builtAtMs = 0
  #files: Promise<PageFiles | undefined> | undefined

  constructor(folder: URL) {
    this.#path = fileURLToPath(folder)
  }

  /** Undefined where nothing is built, or is being built just now. */
  async read(): Promise<PageFiles | undefined> {
    const built = await stat(join(this.#path, INDEX)).catch(() => undefined)
    if (built === undefined) return undefined
    if (this.#files === undefined || built.mtimeMs !== this.#builtAtMs) {
      this.#builtAtMs = built.mtimeMs
      this.#files = readAll(this.#path).catch(() => undefined)
    }
    const files = await this.#files
    if (files === undefined) this.#files = undefined
    return files
  }
}

async function readAll(folder: string): Promise<PageFiles | undefined> {
  const names = await readdir(folder, { recursive: true })
  const byName = new Map<string, PageFile>()
  for (const name of names.filter((each) => extname(each) in TYPES).slice(0, FILES_MAX)) {
    const extension = extname(name)
    // One after the other: they are few, and read once.
    // oxlint-disable-next-line no-await-in-loop
    const bytes = await readFile(join(folder, name))
    byName.set(name.split(sep).join('/'), {
      type: TYPES[extension] as string,
      isText: !PACKED_ALREADY.includes(extension),
      bytes
    })
  }
  const index = byName.get(INDEX)
  return index && { index, byName }
}
