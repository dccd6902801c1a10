/**
 * Workers that will not have one item: their owner does not allow it, or they lack what it needs. Each is
 * left out for that item for a while, which grows with every refusal, so that it is not asked the same
 * thing over and over. In memory only: a restarted router asks once more.
 */
import type { CancelTimer } from '../core/clock.ts'

export interface Refuser {
  workerId: string
  /** What it said, for people. */
  words: string
  /** Ends the waiting for it, when the item needs nobody any more. */
  cancel: CancelTimer
}

/** Long enough to be no burden to the worker, short enough that a changed rule is soon noticed. */
const LEFT_OUT_MS = 5_000
const LEFT_OUT_MS_MAX = 60_000

const NOBODY: ReadonlyMap<string, string> = new Map()

export class Refusers {
  readonly #counts = new Map<string, number>()
  readonly #waits = new Map<string, CancelTimer>()
  #leftOut = NOBODY

  /** Those that are not asked now, with what they said. Never changed once it was handed out. */
  get leftOut(): ReadonlyMap<string, string> {
    return this.#leftOut
  }

  /** @returns for how long */
  leaveOut({ cancel, words, workerId }: Refuser): number {
    const earlierCount = this.#counts.get(workerId) ?? 0
    this.#counts.set(workerId, earlierCount + 1)
    this.#waits.set(workerId, cancel)
    this.#leftOut = new Map(this.#leftOut).set(workerId, words)
    return Math.min(LEFT_OUT_MS_MAX, LEFT_OUT_MS * 2 ** Math.min(earlierCount, 10))
  }

  /** It may be asked again. */
  letIn(workerId: string): void {
    const left = new Map(this.#leftOut)
    left.delete(workerId)
    this.#leftOut = left.size === 0 ? NOBODY : left
    this.#waits.delete(workerId)
  }

  /** The item needs nobody any more. */
  forget(): void {
    for (const cancel of this.#waits.values()) cancel()
    this.#waits.clear()
  }
}
