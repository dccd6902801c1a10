/**
 * One stream by which a peer asks this node for pieces: the files that it follows, its requests in order,
 * and their blocks. Whatever it asks, what it makes this node hold and read is bounded; whoever asks what
 * nobody may ask loses the stream, with a reason.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { closeWithin } from '../../protocol/stream-text.ts'
import { checkRange } from './requested-range.ts'
import { planOf } from '../content/piece-plan.ts'
import { Greeting } from './greeting.ts'
import { MessageReader, readStream } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import { TransferMeter } from '../../protocol/transfer-meter.ts'
import { PIECES_VERSION, asAsked, encodeMessage, goodbyeError, invalid } from './messages.ts'
import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import type { SendBuffer, SendBuffers } from '../../network/wire/send-buffers.ts'
import type { PeerQuota } from '../../protocol/peer-quota.ts'
import type { FileLibrary } from '../store/library.ts'
import type { PiecePlan } from '../content/piece-plan.ts'
import type { Transfer } from '../../protocol/transfer-meter.ts'
import type { AskMessage, GiveMessage, PieceMessage, Refusal } from './messages.ts'
import type { Turns } from './upload-turns.ts'

export interface ServingComponents {
  clock: Clock
  agent: string
  library: Pick<FileLibrary, 'get' | 'pieces' | 'readPiece'>
  buffers: SendBuffers
  turns: Turns
  requests: PeerQuota
  interests: PeerQuota
}

export interface ServingEvents {
  /** It has something to ask. @returns whether it has a slot; if not, it is told once it has */
  onWant: () => boolean
  onInterest: (id: string) => void
  /** Unless it follows it by another number as well. */
  onDisinterest: (id: string) => void
  /** So fast did it take what it has asked for. */
  onTransfer: (transfer: Transfer) => void
  onClosed: (error: MeshError) => void
}

interface Interest {
  id: string
  /** Undefined while the file is not here. */
  plan: PiecePlan | undefined
  /** Pieces that could not be read for this peer. */
  withdrawn: Set<number>
}

interface Pending {
  request: number
  interest: Interest
  piece: number
  offset: number
  bytes: number
  sentBytes: number
  /** What is asked for, once it is read. */
  data: Uint8Array | undefined
  /** In which it is then. */
  buffer: SendBuffer | undefined
  isReading: boolean
}

const HELLO_MS = 10_000
/** Nobody reads so slowly, as a block is 64 KiB. */
const STUCK_MS = 30_000
const IDLE_MS = 60_000
const CLOSE_TIMEOUT_MS = 1_000
/** What is read before its turn: the disk works while the network does. */
const AHEAD_BYTES = 2 ** 20
/** Reading what is called off then is fair within this; see `pieceReadBytesMax`. */
const READ_RATIO = 4

export class ServingStream {
  readonly peer: string
  readonly #stream: Stream
  readonly #components: ServingComponents
  readonly #events: ServingEvents
  readonly #writer: MessageWriter
  readonly #going: TransferMeter
  readonly #interests = new Map<number, Interest>()
  /** In the order in which they came. */
  readonly #pending = new Map<number, Pending>()
  readonly #greeting = new Greeting()
  #isBusy = false
  #lastRequest = -1
  #readBytes = 0
  #givenBytes = 0
  /** When it last asked something, or took something. */
  #movedAtMs: number
  #end: MeshError | undefined

  constructor(peer: string, stream: Stream, components: ServingComponents, events: ServingEvents) {
    this.peer = peer
    this.#stream = stream
    this.#components = components
    this.#events = events
    this.#movedAtMs = components.clock.monotonicMs()
    this.#going = new TransferMeter(components.clock, events.onTransfer)
    this.#writer = new MessageWriter(stream, () => this.#nextBlock())
    const reader = new MessageReader({
      onMessage: (message) => this.#onMessage(message),
      onBody: () => {}
    })
    readStream(stream, reader, {
      isOver: () => this.#end !== undefined,
      onFailure: (error) => this.close(error),
      onEnd: () => this.#onStreamEnd()
    })
    this.#send({ kind: 'hello', version: PIECES_VERSION, agent: components.agent })
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  get givenBytes(): number {
    return this.#givenBytes
  }

  /** It is its turn under a limited rate. */
  onTurn(): void {
    this.#writer.wake()
  }

  /** There is a slot for it, or there is none any more. */
  setBusy(isBusy: boolean): void {
    if (this.#isBusy === isBusy || this.#end !== undefined) return
    this.#isBusy = isBusy
    this.#send({ kind: 'busy', isBusy })
    if (isBusy) for (const request of this.#pending.keys()) this.#refuse(request, 'BUSY')
  }

  /** Says what is here of a file that it follows: at first, and when much has changed. */
  offer(id: string): void {
    for (const [file, interest] of this.#followed(id)) this.#offer(file, interest)
  }

  /** Pieces that have come to be here. */
  tell(id: string, pieces: number[]): void {
    for (const [file, interest] of this.#followed(id)) {
      if (interest.plan === undefined) this.#offer(file, interest)
      else this.#send({ kind: 'news', file, pieces })
    }
  }

  /** Looks whether the other end is still alive. */
  check(nowMs: number): void {
    const quietMs = nowMs - this.#movedAtMs
    if (!this.#greeting.isDone && quietMs > HELLO_MS) {
      this.close(new MeshError('PEER_SILENT', 'the peer never said hello'))
    } else if (this.#writer.isBlocked && quietMs > STUCK_MS) {
      this.close(new MeshError('SESSION_CONGESTED', 'the peer does not take what it has asked for'))
    } else if (this.#interests.size === 0 && quietMs > IDLE_MS) {
      this.close(new MeshError('SESSION_CLOSED', 'nothing was asked for a while'))
    }
  }

  /** Tells the other end why, then ends. */
  close(error: MeshError): void {
    if (this.#end !== undefined) return
    this.#send({ kind: 'goodbye', code: error.code, message: error.message })
    this.#finish(error)
  }

  #onStreamEnd(): void {
    this.#finish(new MeshError('SESSION_CLOSED', `${this.peer} asks for nothing any more`))
  }

  #finish(error: MeshError): void {
    if (this.#end !== undefined) return
    this.#end = error
    const { clock, interests, requests, turns } = this.#components
    this.#writer.end()
    turns.leave(this)
    if (this.#pending.size > 0) requests.give(this.peer, this.#pending.size)
    if (this.#interests.size > 0) interests.give(this.peer, this.#interests.size)
    for (const { buffer } of this.#pending.values()) buffer?.end()
    this.#pending.clear()
    const ids = new Set([...this.#interests.values()].map(({ id }) => id))
    this.#interests.clear()
    for (const id of ids) this.#events.onDisinterest(id)
    this.#events.onClosed(error)
    if (error.code === 'SESSION_CONGESTED') this.#stream.abort(error)
    else void closeWithin(this.#stream, clock, CLOSE_TIMEOUT_MS)
  }

  #onMessage(received: PieceMessage): void {
    if (this.#end !== undefined) return
    this.#greeting.check(received)
    this.#movedAtMs = this.#components.clock.monotonicMs()
    const message = asAsked(received)
    switch (message.kind) {
      case 'hello':
        return
      case 'interest':
        return this.#onInterest(message.file, message.id)
      case 'disinterest':
        return this.#onDisinterest(message.file)
      case 'request':
        return this.#onRequest(message)
      case 'cancel':
        // It may have been answered in whole just before.
        return this.#pending.has(message.request)
          ? this.#refuse(message.request, 'CANCELLED')
          : undefined
      case 'goodbye':
        return this.#finish(goodbyeError(message))
    }
  }

  #onInterest(file: number, id: string): void {
    if (this.#interests.has(file)) throw invalid(`number ${file} is taken by another file`)
    if (!this.#components.interests.take(this.peer, 1)) throw tooMany('files are followed')
    const interest: Interest = { id, plan: undefined, withdrawn: new Set() }
    this.#interests.set(file, interest)
    this.#events.onInterest(id)
    this.#offer(file, interest)
  }

  #onDisinterest(file: number): void {
    const interest = this.#interests.get(file)
    if (interest === undefined) throw invalid(`no file has the number ${file}`)
    this.#interests.delete(file)
    this.#components.interests.give(this.peer, 1)
    for (const pending of this.#pending.values()) {
      if (pending.interest === interest) this.#refuse(pending.request, 'CANCELLED')
    }
    if (this.#followed(interest.id).length === 0) this.#events.onDisinterest(interest.id)
    if (this.#interests.size === 0) this.#going.idle()
  }

  #onRequest(message: AskMessage & { kind: 'request' }): void {
    const { bytes, file, offset, piece, request } = message
    const interest = this.#interests.get(file)
    if (interest === undefined) throw invalid(`no file has the number ${file}`)
    if (request <= this.#lastRequest) throw invalid('the numbers of requests rise')
    this.#lastRequest = request
    const { plan } = interest
    if (plan === undefined) return this.#send({ kind: 'refusal', request, code: 'NOT_HERE' })
    checkRange(plan, message)
    if (!this.#events.onWant()) {
      this.setBusy(true)
      return this.#send({ kind: 'refusal', request, code: 'BUSY' })
    }
    this.setBusy(false)
    if (interest.withdrawn.has(piece)) {
      return this.#send({ kind: 'refusal', request, code: 'NOT_HERE' })
    }
    if (!this.#components.requests.take(this.peer, 1)) throw tooMany('requests wait')
    // As much is asked for as has come, which tells how fast that is; what the stream takes, buffers have.
    this.#going.moved(bytes)
    if (this.#givenBytes > 0) this.#going.begin()
    this.#pending.set(request, {
      request,
      interest,
      piece,
      offset,
      bytes,
      sentBytes: 0,
      data: undefined,
      buffer: undefined,
      isReading: false
    })
    this.#readAhead()
  }

  #offer(file: number, interest: Interest): void {
    const { library } = this.#components
    const entry = library.get(interest.id)
    const pieces = entry === undefined ? undefined : library.pieces(interest.id)
    if (entry === undefined || pieces === undefined) {
      interest.plan = undefined
      return this.#send({ kind: 'gone', file })
    }
    const { pieceBytes, sizeBytes } = entry
    interest.plan = planOf(sizeBytes, pieceBytes)
    interest.withdrawn.clear()
    const set = pieces.isFull ? null : pieces.toBytes()
    this.#send({ kind: 'offer', file, sizeBytes, pieceBytes, pieces: set })
  }

  #followed(id: string): [number, Interest][] {
    return [...this.#interests].filter(([, interest]) => interest.id === id)
  }

  /** Reads for the next requests. */
  #readAhead(): void {
    let bytes = 0
    for (const pending of this.#pending.values()) {
      if (bytes >= AHEAD_BYTES) return
      bytes += pending.bytes
      if (pending.data === undefined && !pending.isReading) void this.#read(pending)
    }
  }

  /** Never rejects. */
  async #read(pending: Pending): Promise<void> {
    const { bytes, interest, offset, piece, request } = pending
    const { buffers, library } = this.#components
    pending.isReading = true
    this.#noteRead(bytes)
    const buffer = buffers.take(bytes)
    const range = { offset, bytes, into: buffer.bytes }
    try {
      const data = await library.readPiece(interest.id, piece, range)
      if (!this.#pending.has(request)) return buffer.end()
      pending.data = data
      pending.buffer = buffer
      this.#writer.wake()
    } catch {
      buffer.end()
      // The store has logged why. This peer is to look elsewhere.
      if (this.#end !== undefined) return
      interest.withdrawn.add(piece)
      if (this.#pending.has(request)) this.#refuse(request, 'NOT_HERE')
    }
  }

  /** Much may be called off that was read already; nobody calls off most of it. */
  #noteRead(bytes: number): void {
    this.#readBytes += bytes
    if (this.#readBytes > READ_RATIO * this.#givenBytes + LIMITS.pieceReadBytesMax) {
      this.close(tooMany('pieces were read for what was taken of them'))
    }
  }

  #nextBlock(): Uint8Array[] | undefined {
    const [pending] = this.#pending.values()
    if (pending?.data === undefined) return undefined
    const { data, request } = pending
    const bytes = Math.min(LIMITS.pieceBlockBytesMax, pending.bytes - pending.sentBytes)
    if (!this.#components.turns.take(this, bytes)) return undefined
    const { sentBytes } = pending
    pending.sentBytes += bytes
    pending.buffer?.lend(bytes)
    this.#givenBytes += bytes
    this.#movedAtMs = this.#components.clock.monotonicMs()
    if (pending.sentBytes === pending.bytes) {
      this.#forget(request)
      this.#readAhead()
    }
    const offset = pending.offset + sentBytes
    const head = encodeMessage({ kind: 'block', request, offset, bytes })
    return [head, data.subarray(sentBytes, sentBytes + bytes)]
  }

  #refuse(request: number, code: Refusal): void {
    this.#forget(request)
    this.#send({ kind: 'refusal', request, code })
    this.#readAhead()
  }

  #forget(request: number): void {
    const pending = this.#pending.get(request)
    if (pending === undefined) return
    this.#pending.delete(request)
    pending.buffer?.end()
    this.#components.requests.give(this.peer, 1)
    if (this.#pending.size === 0) this.#components.turns.leave(this)
  }

  /** A stuck stream ends instead of failing the caller. */
  #send(message: GiveMessage): void {
    try {
      this.#writer.write(message)
    } catch (cause) {
      this.#finish(MeshError.from(cause))
    }
  }
}

function tooMany(what: string): MeshError {
  return new MeshError('TOO_MANY_REQUESTS', `too many ${what}`)
}
