/** Who waits for a worker to be ready again: attempts that have lost the session on which they hope for an answer. */
import { deferred } from '../core/abort.ts'
import type { AbortOptions, Deferred } from '../core/abort.ts'

export class ReadyWaiters {
  readonly #waiting = new Map<string, Set<Deferred<void>>>()

  /** Whether anybody waits for this worker. */
  has(peer: string): boolean {
    return this.#waiting.has(peer)
  }

  /** Resolves or rejects as the worker's next `resolve` or `reject` says. @throws the reason of a signal that ends meanwhile */
  async wait(peer: string, { signal }: AbortOptions): Promise<void> {
    const waiting = deferred<void>()
    const others = this.#waiting.get(peer) ?? new Set()
    this.#waiting.set(peer, others)
    others.add(waiting)
    const onAbort = (): void => waiting.reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await waiting.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      others.delete(waiting)
      if (others.size === 0 && this.#waiting.get(peer) === others) this.#waiting.delete(peer)
    }
  }

  resolve(peer: string): void {
    for (const waiting of this.#takeAll(peer)) waiting.resolve()
  }

  reject(peer: string, error: Error): void {
    for (const waiting of this.#takeAll(peer)) waiting.reject(error)
  }

  rejectAll(error: Error): void {
    for (const peer of this.#waiting.keys()) this.reject(peer, error)
  }

  #takeAll(peer: string): readonly Deferred<void>[] {
    const waiting = [...(this.#waiting.get(peer) ?? [])]
    this.#waiting.delete(peer)
    return waiting
  }
}
