/**
 * A task's files and inputs as its guest reads them, and what it writes: outside of the guest's memory until it
 * asks for one.
 */
import {
  TASK_FILE_BOUNDS,
  checkTaskPath,
  foldersAbove,
  readTaskFiles
} from '../../model/task-files.ts'
import { formatBytes } from '../../core/units.ts'
import type { GuestEnd } from '../sandbox/serve-tasks.ts'
import type { TaskFile } from '../../model/task-files.ts'

const NOT_THERE = -1
const NO_TEXT = -1

export class GuestFiles {
  readonly #byPath: Map<string, Uint8Array>
  readonly #written = new Map<string, Uint8Array>()
  readonly #writtenBytesMax: number
  /** JSON of what was last asked for: the guest makes room for it before it takes it. */
  #prepared = ''

  /** @param inputs bytes by path */
  constructor(
    files: readonly TaskFile[],
    inputs: ReadonlyMap<string, Uint8Array>,
    writtenBytesMax: number
  ) {
    this.#writtenBytesMax = writtenBytesMax
    this.#byPath = new Map([...readTaskFiles(files, 'task.files'), ...inputs])
  }

  /** Bytes of the file, or -1 if there is none. */
  sizeOf(path: string): number {
    return this.#byPath.get(path)?.byteLength ?? NOT_THERE
  }

  bytesOf(path: string): Uint8Array {
    return this.#byPath.get(path) ?? new Uint8Array()
  }

  /** All paths, in the order of their characters, whatever order the task has them in. @returns bytes of their JSON */
  prepareNames(): number {
    return this.#prepare([...this.#byPath.keys()].toSorted())
  }

  /** @returns bytes of the file's text as JSON, or -1 if it is not UTF-8 */
  prepareText(path: string): number {
    try {
      return this.#prepare(new TextDecoder('utf-8', { fatal: true }).decode(this.bytesOf(path)))
    } catch {
      return NO_TEXT
    }
  }

  /** @throws Error in words for the guest */
  write(path: string, bytes: Uint8Array): void {
    checkTaskPath(path, 'the path')
    this.#checkPlace(path)
    const others = [...this.#written].filter(([other]) => other !== path)
    const total = others.reduce((sum, [, other]) => sum + other.byteLength, bytes.byteLength)
    if (total > this.#writtenBytesMax) {
      throw new Error(`all files that a task writes may have ${formatBytes(this.#writtenBytesMax)}`)
    }
    if (others.length >= TASK_FILE_BOUNDS.filesMax) {
      throw new Error(`a task may write ${TASK_FILE_BOUNDS.filesMax} files`)
    }
    this.#written.set(path, bytes)
    this.#byPath.set(path, bytes)
  }

  /** What it has written for these wishes; the first that it has not met in their place. */
  produced(wishes: readonly string[]): NonNullable<GuestEnd['produced']> | { missing: string } {
    const missing = wishes.find((wish) => this.#writtenFor(wish).length === 0)
    if (missing !== undefined) return { missing }
    return wishes.flatMap((wish, output) =>
      this.#writtenFor(wish).map(([path, content]) => ({
        output,
        path: path.slice(wish.length + 1),
        content
      }))
    )
  }

  #writtenFor(wish: string): [string, Uint8Array][] {
    return [...this.#written].filter(([path]) => `${path}/`.startsWith(`${wish}/`))
  }

  #checkPlace(path: string): void {
    if (this.#byPath.has(path) && !this.#written.has(path)) {
      throw new Error('the task was given that file, and cannot change it')
    }
    const isFolder = [...this.#byPath.keys()].some((other) => other.startsWith(`${path}/`))
    if (!isFolder && !foldersAbove(path).some((folder) => this.#byPath.has(folder))) return
    throw new Error('one name cannot be a file and a folder')
  }

  takePrepared(): string {
    const json = this.#prepared
    this.#prepared = ''
    return json
  }

  #prepare(value: string | string[]): number {
    this.#prepared = JSON.stringify(value)
    return Buffer.byteLength(this.#prepared)
  }
}
