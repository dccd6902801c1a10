/**
 * Takes what a task left in its folder, as a stranger's work: no link is followed, nothing but regular
 * files is opened, and count, bytes and depth are bounded before anything is read. Of a file only its path and bytes come out, never its owner, its mode or its times, so that a setuid bit ends here.
 * What it left aside it names, with the reason.
 */
import { constants } from 'node:fs'
import { open, opendir } from 'node:fs/promises'
import { MeshError } from '../../core/errors.ts'
import { TASK_FILE_BOUNDS, checkTaskPath } from '../../model/task-files.ts'
import { findGuestPath, kindOf, openGuestFolder, statsOf, wayInto } from './guest-path.ts'
import { formatBytes } from '../../core/units.ts'
import type { Stats } from 'node:fs'

export interface CollectBounds {
  bytesMax: number
  /** @default TASK_FILE_BOUNDS.filesMax */
  filesMax?: number
  /** Entries of folders that are looked at, whatever they are. @default 4 × filesMax */
  entriesMax?: number
}

/** Why something was left where it was. */
export type SkipReason = 'link' | 'hard link' | 'special file' | 'name' | 'depth' | 'changed'

export interface CollectedOutputs {
  /** Bytes by path, in the order of the paths. */
  files: Map<string, Uint8Array>
  skipped: { path: string; reason: SkipReason }[]
}

/** Never through a link; never waiting for the other end of a FIFO. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** Reasons are read by people: some are as good as all. */
const SKIPPED_MAX = 100

/**
 * Collects files and whole folders by their paths below `root`.
 * @param names have passed `checkTaskPath`
 * @throws MeshError TASK_OUTPUT_TOO_LARGE; TASK_FAILED for a name under which there is nothing
 */
export async function collectOutputs(
  root: string,
  names: readonly string[],
  bounds: CollectBounds
): Promise<CollectedOutputs> {
  const collector = new Collector(root, bounds)
  for (const name of names) await collector.collectNamed(name)
  return collector.finish()
}

/** Something below the root: its path there, and how to get at it. */
interface Place {
  path: string
  at: string
}

class Collector {
  readonly #root: string
  readonly #bounds: Required<CollectBounds>
  readonly #files = new Map<string, Uint8Array>()
  readonly #skipped = new Map<string, SkipReason>()
  #bytes = 0
  #entryCount = 0

  constructor(root: string, bounds: CollectBounds) {
    const filesMax = bounds.filesMax ?? TASK_FILE_BOUNDS.filesMax
    this.#root = root
    this.#bounds = { filesMax, entriesMax: 4 * filesMax, ...bounds }
  }

  finish(): CollectedOutputs {
    const files = [...this.#files].toSorted(([left], [right]) => (left < right ? -1 : 1))
    const skipped = [...this.#skipped].slice(0, SKIPPED_MAX)
    return {
      files: new Map(files),
      skipped: skipped.map(([path, reason]) => ({ path, reason }))
    }
  }

  async collectNamed(name: string): Promise<void> {
    await findGuestPath(this.#root, name, async (found) => {
      if (found === 'missing') throw missing(name)
      if (typeof found === 'string') this.#skip(name, found)
      else await this.#collect({ path: name, at: found.at }, found.stats)
    })
  }

  async #collect(place: Place, stats: Stats): Promise<void> {
    if (stats.isDirectory()) await this.#collectFolder(place, stats)
    else if (!stats.isFile()) this.#skip(place.path, kindOf(stats))
    // Where folders lie beside others' files, a second name may be of a file that is not the task's.
    else if (stats.nlink > 1) this.#skip(place.path, 'hard link')
    else await this.#collectFile(place, stats)
  }

  async #collectFolder({ at, path }: Place, stats: Stats): Promise<void> {
    if (path.split('/').length >= TASK_FILE_BOUNDS.depthMax) return this.#skip(path, 'depth')
    const folder = await openGuestFolder({ at, stats })
    if (folder === undefined) return this.#skip(path, 'changed')
    try {
      await this.#collectEntries({ path, at: wayInto(folder, at) })
    } finally {
      await folder.close()
    }
  }

  async #collectEntries({ at, path }: Place): Promise<void> {
    const { entriesMax } = this.#bounds
    // As bytes: names need not be UTF-8, and one that is not would be looked up under another.
    const entries = await opendir(at, { encoding: 'buffer' as BufferEncoding })
    for await (const entry of entries) {
      this.#entryCount += 1
      if (this.#entryCount > entriesMax) throw tooMany('entries', entriesMax)
      const { isPlain, text } = nameOf(entry.name)
      const inner = { path: `${path}/${text}`, at: `${at}/${text}` }
      if (!isPlain) {
        this.#skip(inner.path, 'name')
        continue
      }
      const stats = await statsOf(inner.at)
      if (stats !== undefined) await this.#collect(inner, stats)
    }
  }

  async #collectFile({ at, path }: Place, stats: Stats): Promise<void> {
    if (this.#files.has(path)) return
    const { bytesMax, filesMax } = this.#bounds
    if (this.#files.size >= filesMax) throw tooMany('files', filesMax)
    // By what it says before it is read: a sparse file may be as long as it likes.
    if (this.#bytes + stats.size > bytesMax) throw tooLarge(path, bytesMax)
    const bytes = await readUnchanged(at, stats)
    if (bytes === undefined) return this.#skip(path, 'changed')
    this.#bytes += bytes.byteLength
    this.#files.set(path, bytes)
  }

  #skip(path: string, reason: SkipReason): void {
    if (this.#skipped.size < SKIPPED_MAX) this.#skipped.set(path, reason)
  }
}

/** Undefined if it is no longer the file that was looked at, or doesn't stay it. */
async function readUnchanged(at: string, stats: Stats): Promise<Uint8Array | undefined> {
  const { dev, ino, size } = stats
  const file = await open(at, OPEN_FLAGS).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const now = await file.stat()
    const isSame = now.isFile() && now.dev === dev && now.ino === ino && now.size === size
    if (!isSame || now.nlink > 1) return undefined
    // One byte more than there should be: what grows while it is read is not read to its end.
    const bytes = Buffer.alloc(size + 1)
    let length = 0
    for (let count = -1; count !== 0 && length <= size; length += count) {
      count = (await file.read(bytes, length, bytes.length - length)).bytesRead
    }
    return length === size ? bytes.subarray(0, size) : undefined
  } finally {
    await file.close()
  }
}

/** A name that results may hold, or one that people can read in its place. */
function nameOf(raw: string | Uint8Array): { text: string; isPlain: boolean } {
  const bytes = Buffer.from(raw as Uint8Array)
  const text = bytes.toString()
  try {
    if (!Buffer.from(text).equals(bytes)) throw new MeshError('FIELD_INVALID', 'not UTF-8')
    checkTaskPath(text, 'name')
    return { text, isPlain: true }
  } catch {
    return { text: text.replaceAll(/[^\p{L}\p{N}._-]/gu, '?'), isPlain: false }
  }
}

function missing(name: string): MeshError {
  return new MeshError('TASK_FAILED', `the program wrote no "${name}"`, {
    path: 'task.outputs',
    hint: 'name only what it always writes, below its working folder'
  })
}

function tooLarge(path: string, bytesMax: number): MeshError {
  return new MeshError(
    'TASK_OUTPUT_TOO_LARGE',
    `with "${path}" the outputs are longer than ${formatBytes(bytesMax)}`,
    { path: 'task.outputs' }
  )
}

function tooMany(what: string, countMax: number): MeshError {
  return new MeshError('TASK_OUTPUT_TOO_LARGE', `the outputs have more than ${countMax} ${what}`, {
    path: 'task.outputs',
    hint: 'pack them into one archive'
  })
}
