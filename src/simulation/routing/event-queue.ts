/** Virtual time: what is to happen, in the order of its moments; of one moment, in the order of planning. */

export type Action = () => void

const FIRST_LENGTH = 1_024

/** A binary heap over typed arrays: most of a simulation's time goes through here. */
export class EventQueue {
  /** Milliseconds since the simulation began. */
  nowMs = 0
  #times = new Float64Array(FIRST_LENGTH)
  #numbers = new Float64Array(FIRST_LENGTH)
  readonly #actions: (Action | undefined)[] = []
  #length = 0
  #number = 0

  at(atMs: number, action: Action): void {
    if (this.#length === this.#times.length) this.#grow()
    const number = this.#number
    this.#number += 1
    let index = this.#length
    this.#length += 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      // The newest of one moment comes last, so only an earlier one rises.
      if ((this.#times[parent] as number) <= atMs) break
      this.#move(parent, index)
      index = parent
    }
    this.#put(index, atMs, number, action)
  }

  after(delayMs: number, action: Action): void {
    this.at(this.nowMs + delayMs, action)
  }

  /** Lets the next thing happen. @returns false when nothing is left */
  step(): boolean {
    if (this.#length === 0) return false
    const action = this.#actions[0] as Action
    this.nowMs = this.#times[0] as number
    this.#removeFirst()
    action()
    return true
  }

  #removeFirst(): void {
    this.#length -= 1
    const last = this.#length
    const atMs = this.#times[last] as number
    const number = this.#numbers[last] as number
    const action = this.#actions[last]
    this.#actions[last] = undefined
    if (last === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= last) break
      if (
        child + 1 < last &&
        this.#isBefore(child + 1, this.#times[child] as number, this.#numbers[child] as number)
      )
        child += 1
      if (!this.#isBefore(child, atMs, number)) break
      this.#move(child, index)
      index = child
    }
    this.#put(index, atMs, number, action)
  }

  #isBefore(index: number, atMs: number, number: number): boolean {
    const time = this.#times[index] as number
    return time < atMs || (time === atMs && (this.#numbers[index] as number) < number)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from] as number, this.#numbers[from] as number, this.#actions[from])
  }

  #put(index: number, atMs: number, number: number, action: Action | undefined): void {
    this.#times[index] = atMs
    this.#numbers[index] = number
    this.#actions[index] = action
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#length)
    times.set(this.#times)
    this.#times = times
    const numbers = new Float64Array(2 * this.#length)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}
