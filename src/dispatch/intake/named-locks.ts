/** What must not happen twice at a time, by name: who comes later waits, in the order of coming. */
import { deferred } from '../../core/abort.ts'

export class NamedLocks {
  /** What the next one of a name waits for. */
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs `work` alone among all that hold one of these names. All are taken at once, so that nobody waits in a circle. */
  async hold<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = names.flatMap((name) => this.#tails.get(name) ?? [])
    const { promise, resolve } = deferred<void>()
    for (const name of names) this.#tails.set(name, promise)
    try {
      await Promise.all(before)
      return await work()
    } finally {
      for (const name of names) {
        if (this.#tails.get(name) === promise) this.#tails.delete(name)
      }
      resolve()
    }
  }
}
