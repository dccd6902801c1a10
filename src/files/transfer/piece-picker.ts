/**
 * Which piece is asked of whom next: the rarest among those that a peer has, at random among equals; the
 * first few wholly at random, so that there is soon something to give; or in order, for who reads along.
 * When all that is missing is on its way, the last pieces are asked of others too, and the first to come
 * counts. (Rarest first and end game as in BitTorrent: B. Cohen, "Incentives build robustness in
 * BitTorrent", 2003.) Pure: time and network are others' business.
 */
import { RarityIndex } from './rarity-index.ts'
import { PieceSet } from '../content/piece-set.ts'
import type { Random } from '../../core/random.ts'

export type PieceOrder = 'rarest' | 'sequential'

export interface PiecePickerInit {
  count: number
  /** Verified before, by an earlier run. */
  verified?: PieceSet
  /** @default 'rarest' */
  order?: PieceOrder
}

/** The rarest would be had from one peer alone, and slowly; any piece serves to begin giving. */
const RANDOM_FIRST = 4
/** Peers that one piece is asked of at the end. */
const ASKED_MAX = 3

export class PiecePicker {
  readonly #random: Random
  readonly #order: PieceOrder
  readonly #count: number
  readonly #verified: PieceSet
  readonly #rarity: RarityIndex
  readonly #peers = new Map<string, PieceSet>()
  /** By piece: whom it was asked of. */
  readonly #asked = new Map<number, Set<string>>()
  /** Nothing below it is left to ask for, in order. */
  #cursor = 0

  constructor(random: Random, { count, order = 'rarest', verified }: PiecePickerInit) {
    this.#random = random
    this.#order = order
    this.#count = count
    this.#verified = verified?.copy() ?? new PieceSet(count)
    this.#rarity = new RarityIndex(random, count)
    for (const piece of this.#verified) this.#rarity.remove(piece)
  }

  get isComplete(): boolean {
    return this.#verified.size === this.#count
  }

  /** What of it is there and right; not to be changed. */
  get verified(): PieceSet {
    return this.#verified
  }

  /** A peer, with the pieces that it says it has. */
  addPeer(peer: string, pieces: PieceSet): void {
    this.removePeer(peer)
    this.#peers.set(peer, pieces)
    this.#rarity.addHolder(pieces)
  }

  /** A peer that has got another piece. */
  noteHas(peer: string, piece: number): void {
    const pieces = this.#peers.get(peer)
    if (pieces === undefined || pieces.has(piece)) return
    const isLast = pieces.size + 1 === pieces.count
    if (isLast) this.#rarity.removeHolder(pieces)
    else this.#rarity.noteHolder(piece, 1)
    pieces.add(piece)
  }

  /** A peer that cannot give a piece although it said that it has it. */
  noteLacks(peer: string, piece: number): void {
    const pieces = this.#peers.get(peer)
    if (pieces?.has(piece) !== true) return
    const wasFull = pieces.isFull
    pieces.delete(piece)
    if (wasFull) this.#rarity.addHolder(pieces)
    else this.#rarity.noteHolder(piece, -1)
  }

  /** A peer says anew what it has. What was asked of it stays so. */
  updatePeer(peer: string, pieces: PieceSet): void {
    const before = this.#peers.get(peer)
    if (before !== undefined) this.#rarity.removeHolder(before)
    this.#peers.set(peer, pieces)
    this.#rarity.addHolder(pieces)
  }

  /** What was asked of it is asked of others. @returns those pieces */
  removePeer(peer: string): number[] {
    const pieces = this.#peers.get(peer)
    if (pieces === undefined) return []
    this.#peers.delete(peer)
    this.#rarity.removeHolder(pieces)
    const left = [...this.#asked].filter(([, peers]) => peers.has(peer)).map(([piece]) => piece)
    for (const piece of left) this.giveUp(peer, piece)
    return left
  }

  /** What to ask of a peer next; undefined where it has nothing that is wanted. It is then taken as asked. */
  next(peer: string): number | undefined {
    const pieces = this.#peers.get(peer)
    if (pieces === undefined) return undefined
    const piece = this.#unasked(pieces) ?? this.#askedOfOthers(peer, pieces)
    if (piece === undefined) return undefined
    this.#rarity.remove(piece)
    const peers = this.#asked.get(piece)
    if (peers === undefined) this.#asked.set(piece, new Set([peer]))
    else peers.add(peer)
    return piece
  }

  /** It came and is right. @returns the peers of whom it is no longer wanted */
  verify(piece: number, from: string): string[] {
    const others = [...(this.#asked.get(piece) ?? [])].filter((peer) => peer !== from)
    this.#asked.delete(piece)
    this.#rarity.remove(piece)
    this.#verified.add(piece)
    return others
  }

  /** A peer will not give it after all. */
  giveUp(peer: string, piece: number): void {
    const peers = this.#asked.get(piece)
    if (peers?.delete(peer) !== true || peers.size > 0) return
    this.#asked.delete(piece)
    this.#rarity.put(piece)
    this.#cursor = Math.min(this.#cursor, piece)
  }

  /** Does a peer have anything that is missing, whoever was asked for it? */
  isUseful(peer: string): boolean {
    const pieces = this.#peers.get(peer)
    if (pieces === undefined || this.isComplete) return false
    if (pieces.isFull) return true
    for (const piece of pieces) if (!this.#verified.has(piece)) return true
    return false
  }

  /** Do others have a piece that was asked of a peer? */
  hasElsewhere(piece: number, peer: string): boolean {
    for (const [other, pieces] of this.#peers) if (other !== peer && pieces.has(piece)) return true
    return false
  }

  /** Pieces that are missing and that nobody has. */
  get unavailableCount(): number {
    const known = new PieceSet(this.#count)
    for (const pieces of this.#peers.values()) known.addAll(pieces)
    known.addAll(this.#verified)
    return this.#count - known.size
  }

  #unasked(pieces: PieceSet): number | undefined {
    if (this.#order === 'sequential') return this.#firstInOrder(pieces)
    if (this.#verified.size < RANDOM_FIRST)
      return this.#anyOf(pieces) ?? this.#rarity.rarestOf(pieces)
    return this.#rarity.rarestOf(pieces)
  }

  /** By luck, within a few tries. */
  #anyOf(pieces: PieceSet): number | undefined {
    for (let tries = 0; tries < 8; tries++) {
      const piece = Math.floor(this.#random.next() * this.#count)
      if (pieces.has(piece) && this.#rarity.has(piece)) return piece
    }
    return undefined
  }

  #firstInOrder(pieces: PieceSet): number | undefined {
    while (this.#cursor < this.#count && !this.#rarity.has(this.#cursor)) this.#cursor += 1
    for (let piece = this.#cursor; piece < this.#count; piece++) {
      if (this.#rarity.has(piece) && pieces.has(piece)) return piece
    }
    return undefined
  }

  /** Only once nothing is left that nobody was asked for: the end game. */
  #askedOfOthers(peer: string, pieces: PieceSet): number | undefined {
    if (this.#rarity.size > 0) return undefined
    let best: number | undefined
    let fewest = ASKED_MAX
    for (const [piece, peers] of this.#asked) {
      if (peers.size >= fewest || peers.has(peer) || !pieces.has(piece)) continue
      fewest = peers.size
      best = piece
    }
    return best
  }
}
