/**
 * The pieces that are still to be asked for, in groups by how many peers have them, so that the rarest
 * is found without looking at all. Peers that have everything count for all pieces alike, and so for
 * none. Pure.
 */
import type { PieceSet } from '../content/piece-set.ts'
import type { Random } from '../../core/random.ts'

const ABSENT = -1

export class RarityIndex {
  readonly #random: Random
  /** How many peers that don't have everything have each piece. */
  readonly #holders: Uint32Array
  /** Place of each piece in its group. */
  readonly #places: Int32Array
  readonly #groups: number[][] = [[]]
  #size = 0

  /** All pieces are in it at first. */
  constructor(random: Random, count: number) {
    this.#random = random
    this.#holders = new Uint32Array(count)
    this.#places = new Int32Array(count).fill(ABSENT)
    for (let piece = 0; piece < count; piece++) this.put(piece)
  }

  get size(): number {
    return this.#size
  }

  has(piece: number): boolean {
    return this.#places[piece] !== ABSENT
  }

  put(piece: number): void {
    if (this.has(piece)) return
    this.#enter(piece)
    this.#size += 1
  }

  remove(piece: number): void {
    if (!this.has(piece)) return
    this.#leave(piece)
    this.#size -= 1
  }

  addHolder(pieces: PieceSet): void {
    if (!pieces.isFull) for (const piece of pieces) this.#count(piece, 1)
  }

  /** With the pieces that it was added with. */
  removeHolder(pieces: PieceSet): void {
    if (!pieces.isFull) for (const piece of pieces) this.#count(piece, -1)
  }

  /** Somebody who does not have everything, before or after, has or has lost a piece. */
  noteHolder(piece: number, change: 1 | -1): void {
    this.#count(piece, change)
  }

  /** One of those that are held by the fewest. */
  rarestOf(pieces: PieceSet): number | undefined {
    for (const group of this.#groups) {
      const piece = this.#oneOf(group, pieces)
      if (piece !== undefined) return piece
    }
    return undefined
  }

  /** From a place at random onwards. */
  #oneOf(group: readonly number[], pieces: PieceSet): number | undefined {
    const from = Math.floor(this.#random.next() * group.length)
    for (let step = 0; step < group.length; step++) {
      const piece = group[(from + step) % group.length] as number
      if (pieces.has(piece)) return piece
    }
    return undefined
  }

  #count(piece: number, change: 1 | -1): void {
    const isIn = this.has(piece)
    if (isIn) this.#leave(piece)
    this.#holders[piece] = (this.#holders[piece] as number) + change
    if (isIn) this.#enter(piece)
  }

  #enter(piece: number): void {
    const holders = this.#holders[piece] as number
    while (this.#groups.length <= holders) this.#groups.push([])
    const group = this.#groups[holders] as number[]
    this.#places[piece] = group.length
    group.push(piece)
  }

  /** The last of the group takes its place. */
  #leave(piece: number): void {
    const group = this.#groups[this.#holders[piece] as number] as number[]
    const place = this.#places[piece] as number
    const last = group.pop() as number
    if (last !== piece) {
      group[place] = last
      this.#places[last] = place
    }
    this.#places[piece] = ABSENT
  }
}
