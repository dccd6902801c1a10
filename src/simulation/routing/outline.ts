/** What a machine will be doing from now on, when every job's size is known: first come, first served. */
import type { WorkerSpec } from './fleet.ts'

interface Stay {
  fromMs: number
  toMs: number
  memoryMb: number
}

/** Stays that are over go once there are so many. */
const STAYS_MAX = 40
/** Moments at which memory may become free that are looked at. */
const MOMENTS_MAX = 64

export class Outline {
  /** When one of its slots is free. */
  freeMs = 0
  readonly #slotsFreeMs: Float64Array
  readonly #memoryMb: number
  /** Only where memory can be what is waited for. */
  #stays: Stay[] | undefined

  constructor({ memoryMb, slots }: WorkerSpec, isMemoryTight: boolean) {
    this.#slotsFreeMs = new Float64Array(slots)
    this.#memoryMb = memoryMb
    this.#stays = isMemoryTight ? [] : undefined
  }

  clear(nowMs: number): void {
    this.#slotsFreeMs.fill(nowMs)
    this.freeMs = nowMs
    if (this.#stays !== undefined) this.#stays = []
  }

  /** When something that comes then could begin. */
  startMs(arrivesMs: number, memoryMb: number): number {
    return this.#memoryFreeMs(Math.max(arrivesMs, this.freeMs), memoryMb)
  }

  place(arrivesMs: number, runMs: number, memoryMb: number): void {
    const free = this.#slotsFreeMs
    const slot = indexOfLeast(free)
    const fromMs = this.#memoryFreeMs(Math.max(arrivesMs, free[slot] as number), memoryMb)
    free[slot] = fromMs + runMs
    this.freeMs = free[indexOfLeast(free)] as number
    if (this.#stays === undefined) return
    this.#stays.push({ fromMs, toMs: fromMs + runMs, memoryMb })
    if (this.#stays.length > STAYS_MAX) {
      this.#stays = this.#stays.filter(({ toMs }) => toMs > arrivesMs)
    }
  }

  #memoryFreeMs(earliestMs: number, memoryMb: number): number {
    if (this.#stays === undefined) return earliestMs
    let atMs = earliestMs
    for (let moment = 0; moment < MOMENTS_MAX; moment += 1) {
      let takenMb = 0
      let nextMs = Infinity
      for (const stay of this.#stays) {
        if (stay.toMs <= atMs || stay.fromMs > atMs) continue
        takenMb += stay.memoryMb
        nextMs = Math.min(nextMs, stay.toMs)
      }
      if (takenMb + memoryMb <= this.#memoryMb) return atMs
      if (nextMs === Infinity) return earliestMs
      atMs = nextMs
    }
    return atMs
  }
}

function indexOfLeast(values: Float64Array): number {
  let least = 0
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] as number) < (values[least] as number)) least = index
  }
  return least
}
