/**
 * What this router has sent to one worker, and what of it the worker's last report did not know of yet. A
 * report is always of a moment ago: without this each router would go on sending to whoever looked idle then.
 */
import { WorkRate } from './work-rate.ts'

interface Sent {
  expectedMs: number
  gpuCount: number
}

export class OwnSends {
  readonly #unseen = new Map<number, Sent>()
  readonly #rate = new WorkRate()
  #number = 0
  #unseenMs = 0
  #unseenGpus = 0

  /** Tasks that no report has told of yet. */
  get count(): number {
    return this.#unseen.size
  }

  /** Their expected work, at that worker. */
  get expectedMs(): number {
    return this.#unseenMs
  }

  get gpuCount(): number {
    return this.#unseenGpus
  }

  /** Work that this router sends there, as the worker measures what arrives from all. */
  rateAt(nowMs: number): number {
    return this.#rate.at(nowMs)
  }

  /** @returns the task's number, for `seen` and `dropped` */
  send({ expectedMs, gpuCount }: Sent, nowMs: number): number {
    this.#number += 1
    this.#unseen.set(this.#number, { expectedMs, gpuCount })
    this.#unseenMs += expectedMs
    this.#unseenGpus += gpuCount
    this.#rate.add(expectedMs, nowMs)
    return this.#number
  }

  /** The worker knows of all up to this one. */
  seen(number: number): void {
    for (const known of this.#unseen.keys()) {
      // They stand in the order of their numbers.
      if (known > number) return
      this.dropped(known)
    }
  }

  /** It ended, or never got there. */
  dropped(number: number): void {
    const sent = this.#unseen.get(number)
    if (sent === undefined) return
    this.#unseen.delete(number)
    this.#unseenGpus -= sent.gpuCount
    // So that no rest of rounding is ever left.
    this.#unseenMs = this.#unseen.size === 0 ? 0 : Math.max(0, this.#unseenMs - sent.expectedMs)
  }
}
