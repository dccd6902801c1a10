/** Who has given what of one download, and how fast: for progress and for the log. Pure. */
import { LIMITS } from '../../core/limits.ts'
import { RateMeter } from './rate-meter.ts'

export type SourceState = 'connected' | 'dropped' | 'banned' | 'unreachable'

export interface PeerShare {
  peer: string
  state: SourceState
  /** Why it is no longer asked. */
  reason?: string
  /** Of pieces that were right and the first of their kind. */
  bytes: number
  pieces: number
  /** Came and was of no use: wrong, late, or cut off. */
  wastedBytes: number
  bytesPerSecond: number
}

interface Entry {
  share: PeerShare
  meter: RateMeter
}

export class Shares {
  readonly #peers = new Map<string, Entry>()
  readonly #meter: RateMeter
  #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
    this.#meter = new RateMeter(nowMs)
  }

  get bytesPerSecond(): number {
    return this.#meter.bytesPerSecond
  }

  note(peer: string, { reason, state }: { state: SourceState; reason?: string }): void {
    const { share } = this.#entry(peer)
    share.state = state
    if (reason === undefined) delete share.reason
    else share.reason = reason
  }

  /** As they come, right or wrong. */
  addBytes(peer: string, bytes: number): void {
    this.#entry(peer).meter.add(bytes)
    this.#meter.add(bytes)
  }

  addPiece(peer: string, bytes: number): void {
    const { share } = this.#entry(peer)
    share.bytes += bytes
    share.pieces += 1
  }

  addWasted(peer: string, bytes: number): void {
    this.#entry(peer).share.wastedBytes += bytes
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs
    this.#meter.tick(nowMs)
    for (const { meter } of this.#peers.values()) meter.tick(nowMs)
  }

  /** Those who gave most come first. */
  list(): PeerShare[] {
    return [...this.#peers.values()]
      .map(({ meter, share }) => ({ ...share, bytesPerSecond: Math.round(meter.bytesPerSecond) }))
      .toSorted((left, right) => right.bytes - left.bytes || (left.peer < right.peer ? -1 : 1))
  }

  #entry(peer: string): Entry {
    const known = this.#peers.get(peer)
    if (known !== undefined) return known
    // The one that has been here longest and has given nothing goes first.
    if (this.#peers.size >= LIMITS.downloadCandidatesMax) {
      const useless = [...this.#peers].find(([, { share }]) => share.bytes === 0)
      this.#peers.delete((useless ?? [...this.#peers][0] ?? [''])[0])
    }
    const share: PeerShare = {
      peer,
      state: 'connected',
      bytes: 0,
      pieces: 0,
      wastedBytes: 0,
      bytesPerSecond: 0
    }
    const entry = { share, meter: new RateMeter(this.#nowMs) }
    this.#peers.set(peer, entry)
    return entry
  }
}
