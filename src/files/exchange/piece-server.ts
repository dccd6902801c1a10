/**
 * Gives pieces to the peers that ask for them: a few at a time, all of these alike, no faster than the owner
 * allows. It tells those who follow a file what has come of it.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { PIECES_PROTOCOL_V1 } from '../../protocol/ids.ts'
import { PeerQuota } from '../../protocol/peer-quota.ts'
import { RateLimit } from './rate-limit.ts'
import { RelayedTurns } from './relayed-turns.ts'
import { SendBuffers } from '../../network/wire/send-buffers.ts'
import { ServingStream } from './serving-stream.ts'
import { UploadSlots } from './upload-slots.ts'
import { UploadTurns } from './upload-turns.ts'
import type { Stream } from '@libp2p/interface'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { FileEntry } from '../store/file-index.ts'
import type { FileLibrary } from '../store/library.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PeerLink } from '../../protocol/peer-link.ts'
import type { ServingComponents } from './serving-stream.ts'
import type { Startable } from '../../core/startable.ts'

export interface PieceServerComponents {
  clock: Clock
  logger: Logger
  link: Pick<PeerLink, 'complain' | 'handle' | 'isRelayed' | 'noteTransfer' | 'unhandle'>
  library: Pick<FileLibrary, 'events' | 'get' | 'pieces' | 'readPiece'>
  /** Program and version. */
  agent: string
}

export interface PieceServerInit {
  /** Bytes a second, over all peers. @default no limit */
  limitRateUp?: number
  /** Peers that are given pieces at the same time. @default LIMITS.uploadSlotsMax */
  slots?: number
}

export interface PieceServerCounts {
  streams: number
  /** Peers that wait for a slot. */
  waiting: number
  givenBytes: number
  /** Streams that have ended, by why. */
  ended: Partial<Record<ErrorCode, number>>
}

const TICK_MS = 1_000
/** What comes within this time is told at once. */
const NEWS_MS = 200
/** More than that is told by the whole set. */
const NEWS_MAX = 1_024

export class PieceServer implements Startable {
  readonly #components: PieceServerComponents
  readonly #limit: RateLimit
  readonly #turns: UploadTurns
  /** Of peers that have asked through a relay. */
  readonly #relayedTurns = new Map<string, RelayedTurns>()
  readonly #buffers = new SendBuffers(LIMITS.pieceRequestBytesMax)
  readonly #slots: UploadSlots<ServingStream>
  readonly #requests = new PeerQuota({
    perPeerMax: LIMITS.pieceRequestsMax,
    totalMax: LIMITS.pieceRequestsTotalMax
  })
  readonly #interests = new PeerQuota({
    perPeerMax: LIMITS.pieceInterestsMax,
    totalMax: LIMITS.pieceInterestsTotalMax
  })
  /** By peer, oldest first. */
  readonly #streams = new Map<string, ServingStream[]>()
  /** By file: who follows it. */
  readonly #followers = new Map<string, Set<ServingStream>>()
  /** By file: the pieces that have come since the last news. */
  readonly #news = new Map<string, number[]>()
  readonly #ended: Partial<Record<ErrorCode, number>> = {}
  #streamCount = 0
  #endedBytes = 0
  #cancelTick: CancelTimer | undefined
  #cancelNews: CancelTimer | undefined
  #isStopped = false

  constructor(components: PieceServerComponents, init: PieceServerInit = {}) {
    const { clock } = components
    this.#components = components
    this.#limit = new RateLimit(clock, init.limitRateUp)
    this.#turns = new UploadTurns(clock, this.#limit)
    this.#slots = new UploadSlots(init.slots ?? LIMITS.uploadSlotsMax, {
      onGranted: (serving) => serving.setBusy(false),
      onTaken: (serving) => serving.setBusy(true)
    })
  }

  async start(): Promise<void> {
    const { clock, library, link } = this.#components
    library.events.on('added', this.#onAdded)
    library.events.on('removed', this.#onRemoved)
    this.#cancelTick = clock.every(TICK_MS, () => this.#onTick())
    await link.handle(PIECES_PROTOCOL_V1, (stream, peer) => this.#accept(stream, peer), {
      maxInboundStreams: LIMITS.streamsPerProtocolMax
    })
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    const { library, link } = this.#components
    await link.unhandle(PIECES_PROTOCOL_V1)
    library.events.off('added', this.#onAdded)
    library.events.off('removed', this.#onRemoved)
    this.#cancelTick?.()
    this.#cancelNews?.()
    this.#turns.stop()
    const error = new MeshError('STOPPING', 'this node is stopping')
    for (const serving of [...this.#streams.values()].flat()) serving.close(error)
  }

  /** Bytes a second over all peers, from now on; Infinity for no limit. */
  set limitRateUp(bytesPerSecond: number) {
    this.#limit.bytesPerSecond = bytesPerSecond
  }

  counts(): PieceServerCounts {
    const open = [...this.#streams.values()].flat()
    return {
      streams: this.#streamCount,
      waiting: this.#slots.waitingCount,
      givenBytes: open.reduce((sum, { givenBytes }) => sum + givenBytes, this.#endedBytes),
      ended: { ...this.#ended }
    }
  }

  /** A piece of a file that is on its way here has come, and can be given. */
  noteHas(id: string, piece: number): void {
    if (!this.#followers.has(id)) return
    const pieces = this.#news.get(id) ?? []
    if (pieces.length <= NEWS_MAX) pieces.push(piece)
    this.#news.set(id, pieces)
    this.#cancelNews ??= this.#components.clock.after(NEWS_MS, () => this.#tellNews())
  }

  readonly #onAdded = ({ id }: FileEntry): void => this.#offer(id)

  readonly #onRemoved = (id: string): void => this.#offer(id)

  #offer(id: string): void {
    this.#news.delete(id)
    for (const serving of this.#followers.get(id) ?? []) serving.offer(id)
  }

  #tellNews(): void {
    this.#cancelNews = undefined
    for (const [id, pieces] of this.#news) {
      if (pieces.length > NEWS_MAX) this.#offer(id)
      else for (const serving of this.#followers.get(id) ?? []) serving.tell(id, pieces)
    }
    this.#news.clear()
  }

  #onTick(): void {
    const nowMs = this.#components.clock.monotonicMs()
    this.#slots.turn(nowMs, (serving) => serving.pendingCount > 0)
    for (const serving of [...this.#streams.values()].flat()) serving.check(nowMs)
  }

  #accept(stream: Stream, peer: string): void {
    if (this.#isStopped) return stream.abort(new MeshError('STOPPING', 'this node is stopping'))
    const { clock, link } = this.#components
    const serving: ServingStream = new ServingStream(peer, stream, this.#servingComponents(peer), {
      onWant: () => this.#slots.want(serving, clock.monotonicMs()),
      onInterest: (id) => this.#follow(id, serving),
      onDisinterest: (id) => this.#unfollow(id, serving),
      onTransfer: (transfer) => link.noteTransfer(peer, 'to', transfer),
      onClosed: (error) => this.#remove(serving, error)
    })
    const streams = this.#streams.get(peer) ?? []
    this.#streams.set(peer, [...streams, serving])
    this.#streamCount += 1
    const tooMany = new MeshError('TOO_MANY_REQUESTS', 'too many piece streams are open')
    if (streams.length >= LIMITS.pieceStreamsMax) streams[0]?.close(tooMany)
    else if (this.#streamCount > LIMITS.pieceStreamsTotalMax) serving.close(tooMany)
  }

  #servingComponents(peer: string): ServingComponents {
    const { agent, clock, library, link } = this.#components
    return {
      agent,
      clock,
      library,
      buffers: this.#buffers,
      // A stream stays on the way that it was opened by.
      turns: link.isRelayed(peer) ? this.#turnsThroughRelay(peer) : this.#turns,
      requests: this.#requests,
      interests: this.#interests
    }
  }

  #turnsThroughRelay(peer: string): RelayedTurns {
    const known = this.#relayedTurns.get(peer)
    if (known !== undefined) return known
    const turns = new RelayedTurns(this.#components.clock, this.#turns)
    this.#relayedTurns.set(peer, turns)
    return turns
  }

  #follow(id: string, serving: ServingStream): void {
    const followers = this.#followers.get(id)
    if (followers === undefined) this.#followers.set(id, new Set([serving]))
    else followers.add(serving)
  }

  #unfollow(id: string, serving: ServingStream): void {
    const followers = this.#followers.get(id)
    followers?.delete(serving)
    if (followers?.size === 0) this.#followers.delete(id)
  }

  #remove(serving: ServingStream, error: MeshError): void {
    const { peer } = serving
    const rest = (this.#streams.get(peer) ?? []).filter((other) => other !== serving)
    if (rest.length > 0) this.#streams.set(peer, rest)
    else {
      this.#streams.delete(peer)
      this.#relayedTurns.get(peer)?.stop()
      this.#relayedTurns.delete(peer)
    }
    this.#streamCount -= 1
    this.#endedBytes += serving.givenBytes
    this.#ended[error.code] = (this.#ended[error.code] ?? 0) + 1
    this.#slots.leave(serving, this.#components.clock.monotonicMs())
    this.#components.link.complain(peer, error)
    if (error.code === 'SESSION_CLOSED') return
    const { code, message } = error
    this.#components.logger.debug({ peer, code, message }, 'a piece stream has ended')
  }
}
