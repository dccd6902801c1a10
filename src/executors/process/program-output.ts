/**
 * What a program writes to its standard output, up to the length of a result. In one piece of memory: a
 * program that writes byte by byte would else have the worker keep a hundred times what it wrote.
 */
import { LIMITS } from '../../core/limits.ts'

/** Most programs say less. */
const CAPACITY_BYTES = 4_096

export class ProgramOutput {
  #buffer = Buffer.alloc(CAPACITY_BYTES)
  #length = 0
  #isOverflown = false

  /** All of it, unless it was too much. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** False once there is more than a result may have; nothing is kept of it then. */
  add(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.byteLength
    this.#isOverflown ||= length > LIMITS.resultBytesMax
    if (this.#isOverflown) return false
    if (length > this.#buffer.byteLength) this.#grow(length)
    this.#buffer.set(chunk, this.#length)
    this.#length = length
    return true
  }

  /** Twice as much each time, so that no byte is copied often. */
  #grow(leastBytes: number): void {
    const grown = Buffer.alloc(Math.max(leastBytes, 2 * this.#buffer.byteLength))
    grown.set(this.bytes)
    this.#buffer = grown
  }
}
