/** The memory in which pieces of one download come in: so much and no more, used again and again. */
import { LIMITS } from '../../core/limits.ts'

export class PieceBuffers {
  readonly #pieceBytes: number
  readonly #countMax: number
  readonly #free: Uint8Array[] = []
  #count = 0

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes
    this.#countMax = Math.floor(LIMITS.downloadPieceBytesMax / pieceBytes)
  }

  get isExhausted(): boolean {
    return this.#free.length === 0 && this.#count >= this.#countMax
  }

  /** One that holds a whole piece, with anything in it; undefined where all are in use. */
  take(): Uint8Array | undefined {
    const free = this.#free.pop()
    if (free !== undefined || this.#count >= this.#countMax) return free
    this.#count += 1
    return new Uint8Array(Buffer.allocUnsafeSlow(this.#pieceBytes).buffer)
  }

  give(buffer: Uint8Array): void {
    this.#free.push(buffer)
  }
}
