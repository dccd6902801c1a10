/** Pauses between attempts to reach a router again: growing, scattered, and an end to them. */
import { sleep } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

export const BACKOFF = {
  /** A router that restarts is away for about a second. */
  delayMsMin: 200,
  delayMsMax: 10_000,
  /** Some four minutes of failures in a row; longer outages are for people. */
  pausesMax: 30
} as const

export class Backoff {
  readonly #clock: Clock
  readonly #random: Random
  #pauseCount = 0

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Something worked: the next failure is the first one again. */
  reset(): void {
    this.#pauseCount = 0
  }

  /**
   * Waits before the next attempt: as long as the router asked for, if that is longer.
   * @throws `failure` itself when there were enough of them
   */
  async pause(failure: Error, options: AbortOptions = {}): Promise<void> {
    if (this.#pauseCount >= BACKOFF.pausesMax) throw failure
    const fullMs = Math.min(BACKOFF.delayMsMin * 2 ** this.#pauseCount, BACKOFF.delayMsMax)
    this.#pauseCount += 1
    // Between half and all of it, so that clients of a restarted router don't come at once.
    const scatteredMs = fullMs * (0.5 + this.#random.next() / 2)
    const askedMs = failure instanceof MeshError ? (failure.retryAfterMs ?? 0) : 0
    await sleepAwake(this.#clock, Math.max(scatteredMs, askedMs), options)
  }
}

/**
 * Sleeps without letting the process end: timers of `Clock` don't keep a program alive, and a command
 * that waits for its router has nothing else that would.
 */
export async function sleepAwake(
  clock: Clock,
  delayMs: number,
  options: AbortOptions = {}
): Promise<void> {
  // An open port that is listened to is the smallest thing that Node stays up for.
  const { port1 } = new MessageChannel()
  port1.addEventListener('message', () => undefined)
  port1.start()
  try {
    await sleep(clock, delayMs, options)
  } finally {
    port1.close()
  }
}
