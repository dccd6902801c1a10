/** A session's pulse: asks "are you there?" now and then, and takes the path's round trip from the echoes. */
import { deferred } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'

/**
 * The least of so many last round trips is taken for the path's: a busy moment at either end only adds
 * to a sample, so the least is the truest, and a path that got longer shows once the old ones are gone.
 */
const LATENCY_SAMPLES = 6

/** The first beats follow each other at once, so that a new session soon knows its path. */
const EAGER_BEATS = 3

/** The number of a beat out of turn: it has news of the load, and wants no echo. */
export const NEWS_BEAT = 0

/**
 * Beats and echoes of the other end between two beats of ours. Each has a load looked at, and a beat is answered with
 * ours: a busy worker tells of its own fifty times a second, and what was held up on the way comes at once.
 */
const HEARD_MAX = 1_000

export class Heartbeat {
  readonly #clock: Clock
  readonly #send: (number: number) => void
  #number = 0
  #sentAtMs = 0
  #samplesMs: number[] = []
  #heardCount = 0
  /** Who waits for the echo of a beat, or of a later one. */
  #waiting: { number: number; resolve: () => void }[] = []

  constructor(clock: Clock, send: (number: number) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Undefined until the first echo. */
  get latencyMs(): number | undefined {
    return this.#samplesMs.length === 0 ? undefined : Math.min(...this.#samplesMs)
  }

  beat(): void {
    this.#heardCount = 0
    this.#number += 1
    this.#sentAtMs = this.#clock.monotonicMs()
    this.#send(this.#number)
  }

  /** Beats now. Resolves with the echo: the other end has then heard all that was said before. Never rejects. */
  async whenEchoed(): Promise<void> {
    this.beat()
    const { promise, resolve } = deferred<void>()
    this.#waiting.push({ number: this.#number, resolve })
    await promise
  }

  /** One more beat or echo has come. @returns false for one too many, which is not worth a look */
  hear(): boolean {
    this.#heardCount += 1
    return this.#heardCount <= HEARD_MAX
  }

  /** Only the last beat's first echo counts; anything else would let the other end choose its latency. */
  onEcho(number: number): void {
    if (number <= this.#number) this.#wake(number)
    if (number !== this.#number || this.#sentAtMs < 0) return
    this.#samplesMs.push(this.#clock.monotonicMs() - this.#sentAtMs)
    this.#sentAtMs = -1
    if (this.#samplesMs.length > LATENCY_SAMPLES) this.#samplesMs.shift()
    if (number < EAGER_BEATS) this.beat()
  }

  #wake(number: number): void {
    if (this.#waiting.length === 0) return
    for (const waiting of this.#waiting) if (waiting.number <= number) waiting.resolve()
    this.#waiting = this.#waiting.filter((waiting) => waiting.number > number)
  }
}
