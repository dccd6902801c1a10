/**
 * One stream by which this node asks a peer for pieces. It puts what comes where it belongs, and lets nothing
 * through that was not asked for: a peer that sends anything else loses the stream, with a reason.
 */
import { MeshError } from '../../core/errors.ts'
import { closeWithin } from '../../protocol/stream-text.ts'
import { Greeting } from './greeting.ts'
import { MessageReader, readStream } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import { TransferMeter } from '../../protocol/transfer-meter.ts'
import { PIECES_VERSION, asGiven, goodbyeError, invalid } from './messages.ts'
import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import type { AskMessage, GiveMessage, PieceMessage, Refusal } from './messages.ts'
import type { Transfer } from '../../protocol/transfer-meter.ts'

/** What is told about one file that is followed. */
export interface FileListener {
  onOffer: (offer: GiveMessage & { kind: 'offer' }) => void
  onNews: (pieces: readonly number[]) => void
  onGone: () => void
  onBusy: (isBusy: boolean) => void
  /** There is a better way to the peer: that stream is for what is asked from now on. */
  onMoved: (stream: AskingStream) => void
  /** The stream has ended. Nothing more is told, not of requests either. */
  onClosed: (error: MeshError) => void
}

/** Some of a piece, and where to put it. */
export interface RangeRequest {
  file: number
  piece: number
  offset: number
  /** As long as what is asked for. */
  into: Uint8Array
}

export interface RangeListener {
  onBytes: (bytes: number) => void
  /** All of it is there. */
  onDone: () => void
  onRefused: (code: Refusal) => void
}

export interface AskingComponents {
  clock: Clock
  agent: string
  /** It has ended, and follows nothing any more. */
  onClosed: (error: MeshError) => void
  /** The last file is no longer followed. */
  onIdle: () => void
  /** So fast did come what was asked for. */
  onTransfer: (transfer: Transfer) => void
}

interface Pending {
  file: number
  offset: number
  bytes: number
  receivedBytes: number
  /** Undefined once it is no longer wanted. */
  target: { into: Uint8Array; listener: RangeListener } | undefined
}

const CLOSE_TIMEOUT_MS = 1_000

export class AskingStream {
  readonly peer: string
  readonly #stream: Stream
  readonly #components: AskingComponents
  readonly #writer: MessageWriter
  readonly #coming: TransferMeter
  readonly #files = new Map<number, FileListener>()
  readonly #pending = new Map<number, Pending>()
  /** The one whose block is coming in. */
  #receiving: Pending | undefined
  #receivingRequest = 0
  readonly #greeting = new Greeting()
  #isBusy = false
  #nextFile = 0
  #nextRequest = 0
  #end: MeshError | undefined

  constructor(peer: string, stream: Stream, components: AskingComponents) {
    this.peer = peer
    this.#stream = stream
    this.#components = components
    this.#writer = new MessageWriter(stream)
    this.#coming = new TransferMeter(components.clock, components.onTransfer)
    const reader = new MessageReader({
      onMessage: (message) => this.#onMessage(message),
      onBody: (part) => this.#onBody(part)
    })
    readStream(stream, reader, {
      isOver: () => this.#end !== undefined,
      onFailure: (error) => this.close(error),
      onEnd: () => this.#onStreamEnd()
    })
    this.#send({ kind: 'hello', version: PIECES_VERSION, agent: components.agent })
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  get isIdle(): boolean {
    return this.#files.size === 0
  }

  /** The peer has no slot for us now. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Requests that have not been answered, those no longer wanted among them. */
  get pendingCount(): number {
    return this.#pending.size
  }

  /** Follows a file. @returns its number here */
  follow(id: string, listener: FileListener): number {
    const file = this.#nextFile
    this.#nextFile += 1
    this.#files.set(file, listener)
    this.#send({ kind: 'interest', file, id })
    return file
  }

  /** Nothing of it is wanted any more; what was asked for is called off. */
  unfollow(file: number): void {
    if (!this.#files.delete(file)) return
    for (const pending of this.#pending.values()) {
      if (pending.file === file) pending.target = undefined
    }
    this.#send({ kind: 'disinterest', file })
    if (this.isIdle) this.#components.onIdle()
  }

  /** @returns its number, to call it off */
  request({ file, into, offset, piece }: RangeRequest, listener: RangeListener): number {
    const request = this.#nextRequest
    this.#nextRequest += 1
    const bytes = into.byteLength
    this.#pending.set(request, {
      file,
      offset,
      bytes,
      receivedBytes: 0,
      target: { into, listener }
    })
    this.#send({ kind: 'request', request, file, piece, offset, bytes })
    return request
  }

  /** Nothing is told of it and written to its bytes from now on. */
  cancel(request: number): void {
    const pending = this.#pending.get(request)
    if (pending?.target === undefined) return
    pending.target = undefined
    this.#send({ kind: 'cancel', request })
  }

  /** Those who follow files are to go on with that one. */
  moveTo(stream: AskingStream): void {
    for (const listener of this.#files.values()) listener.onMoved(stream)
  }

  /** Tells the other end why, then ends. */
  close(error: MeshError): void {
    if (this.#end !== undefined) return
    this.#send({ kind: 'goodbye', code: error.code, message: error.message })
    this.#finish(error)
  }

  #onStreamEnd(): void {
    this.#finish(new MeshError('SESSION_CLOSED', `the piece stream to ${this.peer} has ended`))
  }

  #finish(error: MeshError): void {
    if (this.#end !== undefined) return
    this.#end = error
    this.#writer.end()
    this.#pending.clear()
    this.#receiving = undefined
    const listeners = [...this.#files.values()]
    this.#files.clear()
    this.#components.onClosed(error)
    for (const listener of listeners) listener.onClosed(error)
    if (error.code === 'PEER_SILENT') this.#stream.abort(error)
    else void closeWithin(this.#stream, this.#components.clock, CLOSE_TIMEOUT_MS)
  }

  #onMessage(received: PieceMessage): void {
    if (this.#end !== undefined) return
    this.#greeting.check(received)
    const message = asGiven(received)
    switch (message.kind) {
      case 'hello':
        return
      case 'offer':
        return this.#file(message.file)?.onOffer(message)
      case 'news':
        return this.#file(message.file)?.onNews(message.pieces)
      case 'gone':
        return this.#file(message.file)?.onGone()
      case 'block':
        return this.#onBlock(message)
      case 'refusal':
        return this.#onRefusal(message.request, message.code)
      case 'busy':
        this.#isBusy = message.isBusy
        for (const listener of this.#files.values()) listener.onBusy(message.isBusy)
        return
      case 'goodbye':
        return this.#finish(goodbyeError(message))
    }
  }

  /** Undefined for one that was followed before. */
  #file(file: number): FileListener | undefined {
    if (file >= this.#nextFile) throw invalid(`no file has the number ${file}`)
    return this.#files.get(file)
  }

  #onBlock({ bytes, offset, request }: GiveMessage & { kind: 'block' }): void {
    const pending = this.#pending.get(request)
    if (pending === undefined) throw invalid('a block came that nobody has asked for')
    if (
      offset !== pending.offset + pending.receivedBytes ||
      bytes > pending.bytes - pending.receivedBytes
    ) {
      throw invalid('a block came that is not the next of its request')
    }
    this.#receiving = pending
    this.#receivingRequest = request
  }

  #onBody(part: Uint8Array): void {
    const pending = this.#receiving
    if (pending === undefined) return
    pending.target?.into.set(part, pending.receivedBytes)
    pending.receivedBytes += part.byteLength
    const { target } = pending
    const isDone = pending.receivedBytes === pending.bytes
    if (isDone) this.#pending.delete(this.#receivingRequest)
    target?.listener.onBytes(part.byteLength)
    if (isDone) target?.listener.onDone()
    this.#coming.moved(part.byteLength)
    // Whoever was told may have asked for more.
    if (this.#pending.size > 0) this.#coming.begin()
    else this.#coming.idle()
  }

  #onRefusal(request: number, code: Refusal): void {
    const pending = this.#pending.get(request)
    if (pending === undefined) throw invalid('a refusal came of what nobody has asked for')
    this.#pending.delete(request)
    pending.target?.listener.onRefused(code)
  }

  /** A stuck stream ends instead of failing the caller. */
  #send(message: AskMessage): void {
    if (this.#end !== undefined) return
    try {
      this.#writer.write(message)
    } catch (cause) {
      this.#finish(MeshError.from(cause))
    }
  }
}
