/**
 * One peer that a file is fetched from: what it says it has, the pieces that are coming from it in ranges,
 * its pace. It keeps as much asked as the pace says, and gives up what does not come. The way to it may change: what
 * is on its way then comes by the old one or is asked for by the new one, and what is here stays.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { LEAF_BYTES } from '../content/content-tree.ts'
import { PieceSet } from '../content/piece-set.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import { ComingPiece } from './coming-piece.ts'
import { Pace } from './pace.ts'
import type { AskingStream, FileListener } from '../exchange/asking-stream.ts'
import type { Clock } from '../../core/clock.ts'
import type { GiveMessage, Refusal } from '../exchange/messages.ts'
import type { Range, Way } from './coming-piece.ts'
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
  /** The way to it has gone, and it may be back by another: `moveTo`. */
  onCutOff: (why: string) => void
  onLost: (why: string, kind: Loss) => void
}

/** `away`: it did nothing wrong, but the way to it has gone. */
export type Loss = 'away' | 'useless' | 'misbehaved'

/** An answer to the first question takes so long at most. */
const OFFER_MS = 10_000
/** Of the time that a piece should take; then others are asked for it. */
const SLOW_FACTOR = 4
/** Nothing is slow before that. */
const SLOW_MS_MIN = 2_000
/** What an old way has not brought by then is asked for by the new one. */
const LEAVE_MS = 5_000
/** Below it, ranges are short, so that a limited rate is an even one. */
const FINE_RATE = 4 * 2 ** 20

export class SourcePeer {
  readonly peer: string
  #pace = new Pace()
  readonly #components: SourceComponents
  readonly #events: SourceEvents
  readonly #fileId: string
  #way: Way
  /** Those before it that bring something still, with when they were left. */
  readonly #leaving = new Map<Way, number>()
  readonly #coming = new Map<number, ComingPiece>()
  readonly openedAtMs: number
  #isOffered = false
  #movedAtMs: number
  /** It has given something by the way of now. */
  #hasGiven = false
  #cutOffAtMs: number | undefined
  #isClosed = false

  constructor(
    stream: AskingStream,
    fileId: string,
    components: SourceComponents,
    events: SourceEvents
  ) {
    this.peer = stream.peer
    this.#fileId = fileId
    this.#components = components
    this.#events = events
    this.openedAtMs = this.#movedAtMs = components.clock.monotonicMs()
    this.#way = this.#follow(stream)
    // Whoever has anything of such a file has all of it: no need to wait for the answer.
    if (components.plan.count === 1) components.picker.addPeer(this.peer, PieceSet.full(1))
  }

  get isBusy(): boolean {
    return this.#way.stream.isBusy
  }

  get pace(): Pace {
    return this.#pace
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
    for (const { file, stream } of [this.#way, ...this.#leaving.keys()]) stream.unfollow(file)
    this.#leaving.clear()
  }

  /** What is asked from now on goes that way. */
  moveTo(stream: AskingStream): void {
    if (this.#isClosed || stream === this.#way.stream) return
    const nowMs = this.#components.clock.monotonicMs()
    this.#leaving.set(this.#way, nowMs)
    this.#endIfLeft(this.#way)
    this.#way = this.#follow(stream)
    this.#pace = new Pace()
    this.#movedAtMs = nowMs
    this.#hasGiven = false
    this.#cutOffAtMs = undefined
    this.fill()
  }

  /** Asks for as much as may be on the way. */
  fill(): void {
    const { stream } = this.#way
    if (this.#isClosed || this.isBusy || !stream.isOpen) return
    const { clock, hasWaitingCalls, limit } = this.#components
    const nowMs = clock.monotonicMs()
    const window = this.pace.windowBytes(hasWaitingCalls(this.peer))
    if (this.#way.bytes > 0 && this.pace.wantsEmptyWay(nowMs)) return
    while (this.#way.bytes < window && stream.pendingCount < LIMITS.pieceRequestsMax) {
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
    if (this.#cutOffAtMs !== undefined) {
      if (nowMs - this.#cutOffAtMs > stallMs) this.#lose('it is away', 'away')
      return
    }
    for (const [way, leftAtMs] of this.#leaving) {
      if (nowMs - leftAtMs > LEAVE_MS) this.#takeBack(way)
    }
    if (!this.#isOffered && nowMs - this.openedAtMs > OFFER_MS) {
      return this.#loseSilent('it does not answer')
    }
    if (this.isBusy || this.#way.bytes === 0) return
    if (nowMs - this.#movedAtMs > stallMs) return this.#loseSilent('it has stalled')
    for (const coming of this.#coming.values()) {
      if (this.#isSlow(coming, nowMs, fastest)) this.#giveUpSlow(coming)
    }
  }

  #isSlow(coming: ComingPiece, nowMs: number, fastest: number | undefined): boolean {
    const fastMs = fastest === undefined ? undefined : (coming.bytes * 1_000) / fastest
    const expectedMs = fastMs ?? coming.expectedMs
    if (expectedMs === undefined || !coming.hasBegun) return false
    const elapsedMs = nowMs - coming.askedAtMs
    return elapsedMs > Math.max(SLOW_MS_MIN, SLOW_FACTOR * expectedMs)
  }

  /** Others are asked, if there are any who have it. */
  #giveUpSlow(coming: ComingPiece): void {
    const { picker } = this.#components
    if (!picker.hasElsewhere(coming.piece, this.peer)) return
    this.pace.reset()
    this.#giveUp(coming)
    this.#events.onFreed()
  }

  #giveUp(coming: ComingPiece): void {
    this.#discard(coming)
    this.#components.picker.giveUp(this.peer, coming.piece)
  }

  /** The one that is asked for in part, or another. */
  #nextComing(): ComingPiece | undefined {
    for (const coming of this.#coming.values()) if (!coming.isAsked) return coming
    const { buffers, clock, picker, plan } = this.#components
    if (buffers.isExhausted) return undefined
    const piece = picker.next(this.peer)
    const buffer = piece === undefined ? undefined : buffers.take()
    if (piece === undefined || buffer === undefined) return undefined
    const { bytes } = pieceSpan(plan, piece)
    const coming = new ComingPiece({
      piece,
      bytes,
      buffer,
      askedAtMs: clock.monotonicMs(),
      expectedMs: this.pace.expectedMs(this.#way.bytes + bytes)
    })
    this.#coming.set(piece, coming)
    return coming
  }

  #ask(coming: ComingPiece, rangeBytes: number, nowMs: number): void {
    const { limit } = this.#components
    const most = limit.bytesPerSecond < FINE_RATE ? LEAF_BYTES : rangeBytes
    const { bytes, offset } = coming.nextStretch(most)
    limit.take(bytes)
    const way = this.#way
    const isAlone = way.bytes === 0
    const asked = { way, offset, bytes, receivedBytes: 0, askedAtMs: nowMs, isAlone }
    const range: Range = { ...asked, request: -1 }
    if (isAlone) this.#movedAtMs = nowMs
    this.pace.noteAsked(nowMs, isAlone)
    const { buffer, piece } = coming
    way.bytes += bytes
    coming.ranges.add(range)
    const into = buffer.subarray(offset, offset + bytes)
    range.request = way.stream.request(
      { file: way.file, piece, offset, into },
      {
        onBytes: (received) => this.#onBytes(coming, range, received),
        onDone: () => this.#onDone(coming, range),
        onRefused: (code) => this.#onRefused(coming, range, code)
      }
    )
  }

  #onBytes(coming: ComingPiece, range: Range, bytes: number): void {
    const nowMs = this.#components.clock.monotonicMs()
    const isOfNow = range.way === this.#way
    if (isOfNow && range.receivedBytes === 0 && range.isAlone) {
      this.pace.noteDelay(nowMs, nowMs - range.askedAtMs)
    }
    range.receivedBytes += bytes
    coming.receivedBytes += bytes
    range.way.bytes -= bytes
    this.#events.onBytes(bytes)
    if (!isOfNow) return
    this.#hasGiven = true
    this.#movedAtMs = nowMs
    this.pace.noteBytes(nowMs, bytes)
  }

  #onDone(coming: ComingPiece, range: Range): void {
    coming.ranges.delete(range)
    this.#endIfLeft(range.way)
    if (coming.isWhole) {
      this.#coming.delete(coming.piece)
      this.#events.onPiece(coming.piece, coming.buffer)
    }
    this.fill()
  }

  #onRefused(coming: ComingPiece, range: Range, code: Refusal): void {
    this.#forgetRange(coming, range)
    if (code === 'NOT_HERE') this.#components.picker.noteLacks(this.peer, coming.piece)
    this.#giveUp(coming)
    this.#events.onFreed()
  }

  /** Calls off what has not come of a piece, and frees its buffer. */
  #discard(coming: ComingPiece): void {
    this.#coming.delete(coming.piece)
    for (const range of coming.ranges) {
      range.way.stream.cancel(range.request)
      this.#forgetRange(coming, range)
    }
    this.#components.buffers.give(coming.buffer)
    if (coming.receivedBytes > 0) this.#events.onWasted(coming.receivedBytes)
  }

  #forgetRange(coming: ComingPiece, range: Range): void {
    if (!coming.ranges.delete(range)) return
    this.#noteUnsent(range)
    this.#endIfLeft(range.way)
  }

  #noteUnsent({ bytes, receivedBytes, way }: Range): void {
    way.bytes -= bytes - receivedBytes
    this.#components.limit.give(bytes - receivedBytes)
  }

  /** Nothing more comes by a way before. */
  #endIfLeft(way: Way): void {
    if (way.bytes === 0 && this.#leaving.delete(way)) way.stream.unfollow(way.file)
  }

  /** What has not come by a way is asked for by another. */
  #takeBack(way: Way): void {
    let wastedBytes = 0
    for (const coming of this.#coming.values()) {
      for (const range of [...coming.ranges].filter((each) => each.way === way)) {
        way.stream.cancel(range.request)
        this.#noteUnsent(range)
        wastedBytes += coming.lose(range)
      }
    }
    if (wastedBytes > 0) this.#events.onWasted(wastedBytes)
    this.#endIfLeft(way)
    this.fill()
  }

  #follow(stream: AskingStream): Way {
    const way: Way = { stream, file: -1, bytes: 0 }
    way.file = stream.follow(this.#fileId, this.#listener(way))
    return way
  }

  #listener(way: Way): FileListener {
    const { picker, plan } = this.#components
    const ofNow = (act: () => void): void => {
      if (this.#way === way) act()
    }
    return {
      onOffer: (offer) => ofNow(() => this.#onOffer(offer)),
      onNews: (pieces) => {
        for (const piece of pieces) if (piece < plan.count) picker.noteHas(this.peer, piece)
        this.fill()
      },
      onGone: () => ofNow(() => this.#lose('it has the file no longer')),
      onBusy: () => this.fill(),
      onMoved: (stream) => ofNow(() => this.moveTo(stream)),
      onClosed: (error) => this.#onWayClosed(way, error)
    }
  }

  #onWayClosed(way: Way, { code, message }: MeshError): void {
    if (this.#isClosed) return
    this.#takeBack(way)
    if (way !== this.#way) return
    const isMisbehaviour = code === 'FRAME_INVALID' || code === 'FRAME_TOO_LARGE'
    if (isMisbehaviour) return this.#lose(message, 'misbehaved')
    // Whoever ends each stream before it has given anything is no better than one that is gone.
    if (code !== 'SESSION_CLOSED' || !this.#hasGiven) return this.#lose(message, 'away')
    this.#cutOffAtMs = this.#components.clock.monotonicMs()
    this.#releaseOthers()
    this.#events.onCutOff(message)
  }

  /** Nobody waits for a peer that is away with what others have too. */
  #releaseOthers(): void {
    const { picker } = this.#components
    for (const coming of this.#coming.values()) {
      if (picker.hasElsewhere(coming.piece, this.peer)) this.#giveUp(coming)
    }
    this.#events.onFreed()
  }

  #onOffer({ pieceBytes, pieces, sizeBytes }: GiveMessage & { kind: 'offer' }): void {
    const { picker, plan } = this.#components
    if (sizeBytes !== plan.sizeBytes) return this.#lose('it claims another size', 'misbehaved')
    if (pieceBytes !== plan.pieceBytes) return this.#lose('it cuts the file otherwise')
    try {
      const { count } = plan
      const set = pieces === null ? PieceSet.full(count) : PieceSet.fromBytes(pieces, count)
      this.#isOffered = true
      picker.updatePeer(this.peer, set)
    } catch (cause) {
      return this.#lose(MeshError.from(cause).message, 'misbehaved')
    }
    this.fill()
  }

  /** Its stream is of no use to others either. */
  #loseSilent(why: string): void {
    const { stream } = this.#way
    this.#lose(why)
    stream.close(new MeshError('PEER_SILENT', why))
  }

  #lose(why: string, kind: Loss = 'useless'): void {
    if (!this.#isClosed) this.#events.onLost(why, kind)
  }
}
