/** A set of a file's pieces, one bit each: what somebody has, and how that is written down and sent. */
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'

export class PieceSet implements Iterable<number> {
  readonly count: number
  readonly #bits: Uint8Array
  #size = 0

  /** @param count pieces of the whole file */
  constructor(count: number) {
    this.count = count
    this.#bits = new Uint8Array(Math.ceil(count / 8))
  }

  static full(count: number): PieceSet {
    const set = new PieceSet(count)
    for (let piece = 0; piece < count; piece++) set.add(piece)
    return set
  }

  /**
   * @param bytes piece 0 is the highest bit of the first byte, as in BitTorrent's bitfield
   * @throws MeshError FIELD_INVALID where its length is not that of `count`, or a bit beyond it is set
   */
  static fromBytes(bytes: Uint8Array, count: number): PieceSet {
    const set = new PieceSet(count)
    const spare = set.#bits.length * 8 - count
    const isRight =
      bytes.length === set.#bits.length && ((bytes.at(-1) ?? 0) & ((1 << spare) - 1)) === 0
    if (!isRight) {
      throw new MeshError('FIELD_INVALID', `a set of ${count} pieces has another length`, {
        path: 'pieces'
      })
    }
    set.#bits.set(bytes)
    for (const byte of bytes) set.#size += bitsIn(byte)
    return set
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size === this.count
  }

  has(piece: number): boolean {
    return ((this.#bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
  }

  add(piece: number): void {
    assert(piece >= 0 && piece < this.count, 'the file has that piece')
    if (this.has(piece)) return
    this.#bits[piece >> 3] = (this.#bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
    this.#size += 1
  }

  delete(piece: number): void {
    if (!this.has(piece)) return
    this.#bits[piece >> 3] = (this.#bits[piece >> 3] ?? 0) & ~(0x80 >> (piece & 7))
    this.#size -= 1
  }

  addAll(other: PieceSet): void {
    for (const piece of other) this.add(piece)
  }

  copy(): PieceSet {
    return PieceSet.fromBytes(this.#bits, this.count)
  }

  toBytes(): Uint8Array {
    return this.#bits.slice()
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let piece = 0; piece < this.count; piece++) if (this.has(piece)) yield piece
  }
}

function bitsIn(byte: number): number {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
}
