/** Files that are open to read pieces from, so that a piece costs no opening: those used last, up to a bound. */
import { LIMITS } from '../../core/limits.ts'
import type { FileHandle } from 'node:fs/promises'

interface Opened {
  handle: Promise<FileHandle>
  userCount: number
  /** It was closed to newcomers while somebody still read. */
  isLeaving: boolean
}

export class OpenFiles {
  readonly #max: number
  /** By path; the one used last comes last. */
  readonly #files = new Map<string, Opened>()

  constructor(max: number = LIMITS.openFilesMax) {
    this.#max = max
  }

  /** Does some work with a file that stays open meanwhile. */
  async use<T>(
    path: string,
    open: () => Promise<FileHandle>,
    work: (handle: FileHandle) => Promise<T>
  ): Promise<T> {
    const opened = this.#files.get(path) ?? { handle: open(), userCount: 0, isLeaving: false }
    this.#files.delete(path)
    this.#files.set(path, opened)
    opened.userCount += 1
    try {
      return await work(await opened.handle)
    } catch (cause) {
      // It could not be opened, or is not sound: the next one tries anew.
      this.#leave(path, opened)
      throw cause
    } finally {
      opened.userCount -= 1
      await this.#closeIfDone(opened)
      await this.#closeOldest()
    }
  }

  /** Closes it once nobody reads from it. */
  async close(path: string): Promise<void> {
    const opened = this.#files.get(path)
    if (opened === undefined) return
    this.#leave(path, opened)
    await this.#closeIfDone(opened)
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((path) => this.close(path)))
  }

  async #closeOldest(): Promise<void> {
    for (const [path, { userCount }] of this.#files) {
      if (this.#files.size <= this.#max) return
      // oxlint-disable-next-line no-await-in-loop -- there is one too many, as a rule
      if (userCount === 0) await this.close(path)
    }
  }

  #leave(path: string, opened: Opened): void {
    opened.isLeaving = true
    if (this.#files.get(path) === opened) this.#files.delete(path)
  }

  async #closeIfDone({ handle, isLeaving, userCount }: Opened): Promise<void> {
    if (!isLeaving || userCount > 0) return
    const opened = await handle.catch(() => undefined)
    await opened?.close()
  }
}
