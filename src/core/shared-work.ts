/** One piece of work for all who wait for the same: it begins with the first of them, and ends early with the last. */
import { unlessAborted } from './abort.ts'
import type { AbortOptions } from './abort.ts'

export class SharedWork<T> {
  readonly #controller = new AbortController()
  readonly #result: Promise<T>
  #waitingCount = 0

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#controller.signal)
    this.#result.catch(() => {})
  }

  /** Nobody waits for it any more: who comes now begins anew. */
  get isGivenUp(): boolean {
    return this.#controller.signal.aborted
  }

  /** Resolves when it is over, however that came. */
  async over(): Promise<void> {
    await this.#result.catch(() => {})
  }

  /** Waits for it. @throws as the work does; the signal's reason */
  async join(options: AbortOptions): Promise<T> {
    this.#waitingCount += 1
    try {
      return await unlessAborted(this.#result, options)
    } finally {
      this.#waitingCount -= 1
      if (this.#waitingCount === 0) this.#controller.abort(options.signal?.reason)
    }
  }

  /** Ends it for all. Resolves when it is over. */
  async stop(reason: Error): Promise<void> {
    this.#controller.abort(reason)
    await this.over()
  }
}
