/** A task's input files as its guest reads them: outside of the guest's memory until it asks for one. */
import { readTaskFiles } from '../../model/task-files.ts'
import type { TaskFile } from '../../model/task-files.ts'

const NOT_THERE = -1
const NO_TEXT = -1

export class GuestFiles {
  readonly #byPath: Map<string, Uint8Array>
  /** JSON of what was last asked for: the guest makes room for it before it takes it. */
  #prepared = ''

  constructor(files: readonly TaskFile[]) {
    this.#byPath = readTaskFiles(files, 'task.files')
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
