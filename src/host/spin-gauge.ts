/**
 * How fast this machine calculates now, by a calculation of about a millisecond that is always the same: what
 * a clock rate on paper does not know, such as neighbours on the same processor, heat, or a quota that is used up.
 */

import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'

/** The calculation; each round needs the one before. */
export type Spin = (rounds: number) => number

export interface SpinGaugeComponents {
  clock: Pick<Clock, 'monotonicMs'>
  spin: Spin
}

/** Multiply and add, one after the other: so many cycles on the processors of these years. */
const CYCLES_PER_ROUND = 4
const SPIN_MS = 1
/** The compiler takes its time to make the best of it, on a busy machine most of all. */
const WARM_UP = { ms: 40, rounds: 50_000 }
const CALIBRATION_SPINS = 10
/** How much the last measurement counts. */
const LAST_SHARE = 0.3
const SLOWDOWN_MAX = 1_000

export class SpinGauge {
  readonly #components: SpinGaugeComponents
  #rounds = 0
  /** What they took when the machine was at its best. */
  #bestMs = Infinity
  #slowdown = 1

  constructor(components: SpinGaugeComponents = { spin, clock: systemClock }) {
    this.#components = components
  }

  /** The clock rate that the processor seems to have when nothing is in its way; the more often it was measured, the truer. */
  get ghz(): number {
    this.#calibrate()
    return (this.#rounds * CYCLES_PER_ROUND) / (this.#bestMs * 1e6)
  }

  /** Spins once. @returns how much longer it takes lately than at the best, 1 or more */
  measure(): number {
    this.#calibrate()
    const tookMs = this.#time(this.#rounds)
    this.#bestMs = Math.min(this.#bestMs, tookMs)
    const now = Math.min(SLOWDOWN_MAX, tookMs / this.#bestMs)
    this.#slowdown += LAST_SHARE * (now - this.#slowdown)
    return this.#slowdown
  }

  #calibrate(): void {
    if (this.#rounds > 0) return
    let warmMs = 0
    while (warmMs < WARM_UP.ms) warmMs += this.#time(WARM_UP.rounds)
    const bestOf = (rounds: number): number => {
      const times = Array.from({ length: CALIBRATION_SPINS }, () => this.#time(rounds))
      return Math.min(...times)
    }
    this.#rounds = Math.ceil((WARM_UP.rounds * SPIN_MS) / bestOf(WARM_UP.rounds))
    this.#bestMs = bestOf(this.#rounds)
  }

  #time(rounds: number): number {
    const { clock, spin: calculate } = this.#components
    const startMs = clock.monotonicMs()
    const result = calculate(rounds)
    // Never so, but a calculation whose result nobody looks at may be left out. The floor is for coarse clocks.
    return result === 0.5 ? Infinity : Math.max(1e-3, clock.monotonicMs() - startMs)
  }
}

function spin(rounds: number): number {
  let value = 1
  for (let round = 0; round < rounds; round += 1) {
    // oxlint-disable-next-line unicorn/prefer-math-trunc -- to 32 bits, and in one cycle
    value = (Math.imul(value, 0x5b_d1_e9_95) + round) | 0
  }
  return value
}
