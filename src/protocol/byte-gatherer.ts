/**
 * Gathers bytes that arrive in pieces of any size. Its buffer at most doubles, so a million pieces of
 * one byte cost no more than a million bytes; a list of pieces would cost a hundred times as much.
 */
import type { Uint8ArrayList } from 'uint8arraylist'

const EMPTY = new Uint8Array(0)
const CAPACITY_MIN = 256

export class ByteGatherer {
  #buffer: Uint8Array = EMPTY
  #used = 0

  get byteLength(): number {
    return this.#used
  }

  append(piece: Uint8Array | Uint8ArrayList): void {
    this.#reserve(piece.byteLength)
    for (const part of piece instanceof Uint8Array ? [piece] : piece) {
      this.#buffer.set(part, this.#used)
      this.#used += part.byteLength
    }
  }

  /** All that was gathered. The gatherer is empty then and never writes to these bytes again. */
  take(): Uint8Array {
    const whole = this.#buffer.subarray(0, this.#used)
    this.#buffer = EMPTY
    this.#used = 0
    return whole
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes
    if (needed <= this.#buffer.byteLength) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.byteLength, CAPACITY_MIN))
    larger.set(this.#buffer.subarray(0, this.#used))
    this.#buffer = larger
  }
}
