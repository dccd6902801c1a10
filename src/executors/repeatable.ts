/**
 * What makes a task's run the same on every worker and at every attempt: chance that grows from a seed,
 * and a clock that starts at the job's time and moves only by what the task itself does. Pure.
 */
import { createHash } from 'node:crypto'
import { parseMoment } from '../core/moment.ts'
import type { TaskRun } from './executor.ts'

/** Where a task's chance and clock begin, as plain data for its sandbox. */
export interface Beginning {
  seed: string
  /** Unix milliseconds. */
  timeMs: number
}

/** Fields of a task that say so. */
export interface RepeatableTask {
  seed?: string | number
  time?: string
}

/**
 * What the task says, else what its job gives it: equal for all attempts.
 * @throws MeshError FIELD_INVALID
 */
export function beginningOf(
  { seed, time }: RepeatableTask,
  run: Pick<TaskRun, 'seed' | 'submittedAtMs'>
): Beginning {
  return {
    seed: seed === undefined ? run.seed : String(seed),
    timeMs: time === undefined ? run.submittedAtMs : parseMoment(time, 'task.time')
  }
}

/** Drawn and thrown away until the seed has spread over the whole state: as many as its author does for three words. */
const WARM_UP_COUNT = 15
/** What a double holds of a number below 1. */
const RATIO_COUNT = 2 ** 53

/**
 * Generator sfc32 (Chris Doty-Humphrey, PractRand 0.94, public domain): 128 bits of state, no known
 * weakness, exact in 32-bit integers. Its first three words are SHA-256 of the seed.
 */
export class SeededNumbers {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    const digest = createHash('sha256').update(seed).digest()
    this.#a = digest.readInt32LE(0)
    this.#b = digest.readInt32LE(4)
    this.#c = digest.readInt32LE(8)
    for (let count = 0; count < WARM_UP_COUNT; count += 1) this.nextUint32()
  }

  nextUint32(): number {
    const drawn = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0
    return drawn >>> 0
  }

  /** From 0 (included) to 1 (excluded), with all 53 bits that a double can hold. */
  nextRatio(): number {
    const high = this.nextUint32() >>> 5
    const low = this.nextUint32() >>> 6
    return (high * 2 ** 26 + low) / RATIO_COUNT
  }

  /** Little-endian, whatever the machine is; each call begins with a new number. */
  fillBytes(target: Uint8Array): void {
    let word = 0
    for (let index = 0; index < target.byteLength; index += 1) {
      if (index % 4 === 0) word = this.nextUint32()
      target[index] = word % 256
      word = Math.floor(word / 256)
    }
  }
}

/** What a look at the clock takes, in microseconds: a loop that waits for a time must come to an end. */
const LOOK_US = 1

/** The clock of one task. */
export class RepeatableClock {
  /** Whole microseconds since 1970, exact until the year 2255. */
  #nowUs: number

  constructor(startMs: number) {
    this.#nowUs = Math.round(startMs * 1_000)
  }

  /** Microseconds since 1970; each look is one later than the one before. */
  lookUs(): number {
    this.#nowUs += LOOK_US
    return this.#nowUs
  }

  /** Moves on, as far as the task has waited. */
  advance(waitedMs: number): void {
    this.#nowUs += Math.round(waitedMs * 1_000)
  }
}
