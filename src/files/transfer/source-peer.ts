/**
 * One peer that a file is fetched from: what it says it has, the pieces that are coming from it in ranges,
 * its pace. It keeps as much asked as the pace says, and gives up what does not come.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { LEAF_BYTES } from '../content/content-tree.ts'
import { PieceSet } from '../content/piece-set.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import { Pace } from './pace.ts'
import type { AskingStream, FileListener } from '../exchange/asking-stream.ts'
import type { Clock } from '../../core/clock.ts'
import type { GiveMessage, Refusal } from '../exchange/messages.ts'
import type { PieceBuffers } from './piece-buffers.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { PiecePlan } from '../content/piece-plan.ts'
import type { RateLimit } from '../exchange/rate-limit.ts'

export interface SourceComponents {
  clock: Clock
  plan: PiecePlan
  picker: PiecePicker
  buffers: PieceBuffers
  limit: RateLimit
  /** Somebody waits for answers on the way to that peer, which pieces would delay. */
  hasWaitingCalls: (peer: string) => boolean
}

export interface SourceEvents {
  /** A piece is there, unchecked; its buffer is no longer this peer's. */
  onPiece: (piece: number, buffer: Uint8Array) => void
  onBytes: (bytes: number) => void
  /** They came and were of no use. */
  onWasted: (bytes: number) => void
  /** Pieces or buffers are free that others may take. */
  onFreed: () => void
  /** More could be asked but for the rate limit. */
  onLimited: () => void
  onLost: (why: string, isMisbehaviour: boolean) => void
}

interface ComingPiece {
  piece: number
  bytes: number
  buffer: Uint8Array
  askedBytes: number
  receivedBytes: number
  ranges: Map<number, Range>
  askedAtMs: number
  /** How long it should take; undefined while nobody can tell. */
  expectedMs: number | undefined
}

interface Range {
  bytes: number
  receivedBytes: number
  askedAtMs: number
  isAlone: boolean
}

/** An answer to the first question takes so long at most. */
const OFFER_MS = 10_000
/** Of the time that a piece should take; then others are asked for it. */
const SLOW_FACTOR = 4
/** Nothing is slow before that. */
const SLOW_MS_MIN = 2_000
/** Below it, ranges are short, so that a limited rate is an even one. */
const FINE_RATE = 4 * 2 ** 20

export class SourcePeer {
  readonly peer: string
  readonly pace = new Pace()
  readonly #components: SourceComponents
  readonly #events: SourceEvents
  readonly #stream: AskingStream
  readonly #file: number
  readonly #coming = new Map<number, ComingPiece>()
  readonly openedAtMs: number
  #isOffered = false
  #wayBytes = 0
  #movedAtMs: number
  #isClosed = false

  constructor(
    stream: AskingStream,
    fileId: string,
    components: SourceComponents,
    events: SourceEvents
  ) {
    this.peer = stream.peer
    this.#stream = stream
    this.#components = components
    this.#events = events
    this.openedAtMs = this.#movedAtMs = components.clock.monotonicMs()
    this.#file = stream.follow(fileId, this.#listener())
    // Whoever has anything of such a file has all of it: no need to wait for the answer.
    if (components.plan.count === 1) components.picker.addPeer(this.peer, PieceSet.full(1))
  }

  get isBusy(): boolean {
    return this.#stream.isBusy
  }

  get comingCount(): number {
    return this.#coming.size
  }

  /** Nothing is asked or told any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const coming of this.#coming.values()) this.#discard(coming)
    this.#components.picker.removePeer(this.peer)
    this.#stream.unfollow(this.#file)
  }

  /** Asks for as much as may be on the way. */
  fill(): void {
    if (this.#isClosed || this.isBusy || !this.#stream.isOpen) return
    const { clock, hasWaitingCalls, limit } = this.#components
    const nowMs = clock.monotonicMs()
    const window = this.pace.windowBytes(hasWaitingCalls(this.peer))
    if (this.#wayBytes > 0 && this.pace.wantsEmptyWay(nowMs)) return
    while (this.#wayBytes < window && this.#stream.pendingCount < LIMITS.pieceRequestsMax) {
      if (limit.waitMs > 0) return this.#events.onLimited()
      const coming = this.#nextComing()
      if (coming === undefined) return
      this.#ask(coming, this.pace.rangeBytes(window), nowMs)
    }
  }

  /** A piece has come from somebody else. */
  cancel(piece: number): void {
    const coming = this.#coming.get(piece)
    if (coming === undefined) return
    this.#discard(coming)
    this.fill()
  }

  /** Looks whether it does what it should. @param fastest bytes a second of the fastest, where order matters */
  check(
    nowMs: number,
    { fastest, stallMs }: { fastest: number | undefined; stallMs: number }
  ): void {
    if (this.#isClosed) return
    if (!this.#isOffered && nowMs - this.openedAtMs > OFFER_MS) {
      return this.#loseSilent('it does not answer')
    }
    if (this.isBusy || this.#wayBytes === 0) return
    if (nowMs - this.#movedAtMs > stallMs) return this.#loseSilent('it has stalled')
    for (const coming of this.#coming.values()) {
      if (this.#isSlow(coming, nowMs, fastest)) this.#giveUpSlow(coming)
    }
  }

  #isSlow(coming: ComingPiece, nowMs: number, fastest: number | undefined): boolean {
    const fastMs = fastest === undefined ? undefined : (coming.bytes * 1_000) / fastest
    const expectedMs = fastMs ?? coming.expectedMs
    if (expectedMs === undefined || coming.askedBytes === 0) return false
    const elapsedMs = nowMs - coming.askedAtMs
    return elapsedMs > Math.max(SLOW_MS_MIN, SLOW_FACTOR * expectedMs)
  }

  /** Others are asked, if there are any who have it. */
  #giveUpSlow(coming: ComingPiece): void {
    const { picker } = this.#components
    if (!picker.hasElsewhere(coming.piece, this.peer)) return
    this.pace.reset()
    this.#discard(coming)
    picker.giveUp(this.peer, coming.piece)
    this.#events.onFreed()
  }

  /** The one that is asked for in part, or another. */
  #nextComing(): ComingPiece | undefined {
    for (const coming of this.#coming.values()) if (coming.askedBytes < coming.bytes) return coming
    const { buffers, clock, picker, plan } = this.#components
    if (buffers.isExhausted) return undefined
    const piece = picker.next(this.peer)
    const buffer = piece === undefined ? undefined : buffers.take()
    if (piece === undefined || buffer === undefined) return undefined
    const { bytes } = pieceSpan(plan, piece)
    const coming: ComingPiece = {
      piece,
      bytes,
      buffer,
      askedBytes: 0,
      receivedBytes: 0,
      ranges: new Map(),
      askedAtMs: clock.monotonicMs(),
      expectedMs: this.pace.expectedMs(this.#wayBytes + bytes)
    }
    this.#coming.set(piece, coming)
    return coming
  }

  #ask(coming: ComingPiece, rangeBytes: number, nowMs: number): void {
    const { limit } = this.#components
    const most = limit.bytesPerSecond < FINE_RATE ? LEAF_BYTES : rangeBytes
    const bytes = Math.min(most, coming.bytes - coming.askedBytes)
    limit.take(bytes)
    const isAlone = this.#wayBytes === 0
    const range: Range = { bytes, receivedBytes: 0, askedAtMs: nowMs, isAlone }
    if (isAlone) this.#movedAtMs = nowMs
    this.pace.noteAsked(nowMs, isAlone)
    const { askedBytes: offset, buffer, piece } = coming
    coming.askedBytes += bytes
    this.#wayBytes += bytes
    const into = buffer.subarray(offset, offset + bytes)
    const request: number = this.#stream.request(
      { file: this.#file, piece, offset, into },
      {
        onBytes: (received) => this.#onBytes(coming, range, received),
        onDone: () => this.#onDone(coming, request),
        onRefused: (code) => this.#onRefused(coming, request, code)
      }
    )
    coming.ranges.set(request, range)
  }

  #onBytes(coming: ComingPiece, range: Range, bytes: number): void {
    const nowMs = this.#components.clock.monotonicMs()
    if (range.receivedBytes === 0 && range.isAlone) {
      this.pace.noteDelay(nowMs, nowMs - range.askedAtMs)
    }
    range.receivedBytes += bytes
    coming.receivedBytes += bytes
    this.#wayBytes -= bytes
    this.#movedAtMs = nowMs
    this.pace.noteBytes(nowMs, bytes)
    this.#events.onBytes(bytes)
  }

  #onDone(coming: ComingPiece, request: number): void {
    coming.ranges.delete(request)
    if (coming.receivedBytes === coming.bytes) {
      this.#coming.delete(coming.piece)
      this.#events.onPiece(coming.piece, coming.buffer)
    }
    this.fill()
  }

  #onRefused(coming: ComingPiece, request: number, code: Refusal): void {
    const { picker } = this.#components
    this.#forgetRange(coming, request)
    this.#discard(coming)
    if (code === 'NOT_HERE') picker.noteLacks(this.peer, coming.piece)
    picker.giveUp(this.peer, coming.piece)
    this.#events.onFreed()
  }

  /** Calls off what has not come of a piece, and frees its buffer. */
  #discard(coming: ComingPiece): void {
    this.#coming.delete(coming.piece)
    for (const request of coming.ranges.keys()) {
      this.#stream.cancel(request)
      this.#forgetRange(coming, request)
    }
    this.#components.buffers.give(coming.buffer)
    if (coming.receivedBytes > 0) this.#events.onWasted(coming.receivedBytes)
  }

  #forgetRange(coming: ComingPiece, request: number): void {
    const range = coming.ranges.get(request)
    if (range === undefined) return
    coming.ranges.delete(request)
    const leftBytes = range.bytes - range.receivedBytes
    this.#wayBytes -= leftBytes
    this.#components.limit.give(leftBytes)
  }

  #listener(): FileListener {
    const { picker, plan } = this.#components
    return {
      onOffer: (offer) => this.#onOffer(offer),
      onNews: (pieces) => {
        for (const piece of pieces) if (piece < plan.count) picker.noteHas(this.peer, piece)
        this.fill()
      },
      onGone: () => this.#lose('it has the file no longer'),
      onBusy: () => this.fill(),
      onClosed: (error) => {
        const isMisbehaviour = error.code === 'FRAME_INVALID' || error.code === 'FRAME_TOO_LARGE'
        this.#lose(error.message, isMisbehaviour)
      }
    }
  }

  #onOffer({ pieceBytes, pieces, sizeBytes }: GiveMessage & { kind: 'offer' }): void {
    const { picker, plan } = this.#components
    if (sizeBytes !== plan.sizeBytes) return this.#lose('it claims another size', true)
    if (pieceBytes !== plan.pieceBytes) return this.#lose('it cuts the file otherwise')
    try {
      const { count } = plan
      const set = pieces === null ? PieceSet.full(count) : PieceSet.fromBytes(pieces, count)
      this.#isOffered = true
      picker.updatePeer(this.peer, set)
    } catch (cause) {
      return this.#lose(MeshError.from(cause).message, true)
    }
    this.fill()
  }

  /** Its stream is of no use to others either. */
  #loseSilent(why: string): void {
    this.#lose(why)
    this.#stream.close(new MeshError('PEER_SILENT', why))
  }

  #lose(why: string, isMisbehaviour = false): void {
    if (!this.#isClosed) this.#events.onLost(why, isMisbehaviour)
  }
}
