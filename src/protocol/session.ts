/**
 * One peer's session: a long-lived stream with many requests in flight both ways, heartbeats that
 * measure the round trip and carry the other's load, and an end that every waiting request hears of.
 * It decides nothing about what a command means.
 */
import { deferred } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import { decodeFrame, encodeFrame } from './frames.ts'
import { FrameReader } from './frame-reader.ts'
import { Heartbeat, NEWS_BEAT } from './heartbeat.ts'
import { PendingRequests } from './pending-requests.ts'
import { RequestAnswerer } from './request-answerer.ts'
import { closeWithin, discardInput } from './stream-text.ts'
import { StreamWriter } from './stream-writer.ts'
import { TransferMeter } from './transfer-meter.ts'
import type { Stream } from '@libp2p/interface'
import type { AbortOptions } from '../core/abort.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { CommandAnswer, CommandServer } from './command-server.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Frame } from './frames.ts'
import type { SessionAnswer } from './pending-requests.ts'
import type { TraceContext } from '../model/trace-context.ts'
import type { Transfer, TransferDirection } from './transfer-meter.ts'

export type { SessionAnswer }

export const SESSION_VERSION = 1

export interface SessionInit {
  /** A beat is sent this often. @default 5000 */
  beatPeriodMs?: number
  /** Silence for so long ends the session. @default 15000 */
  silenceMsMax?: number
}

const DEFAULT_SESSION: Required<SessionInit> = { beatPeriodMs: 5_000, silenceMsMax: 15_000 }

/** How long the other end may take to close its side before the stream is reset. */
const CLOSE_TIMEOUT_MS = 1_000

/** The bytes of such a frame come one after the other, as fast as the way lets them. */
const LARGE_FRAME_BYTES = 65_536

export interface SessionComponents {
  clock: Clock
  server: CommandServer
  agent: string
  /** This node's own load as a peer is to know it, sent along with each beat; null for a node that runs no tasks. */
  describeLoad: (peer: string) => unknown
}

export interface SessionEvents {
  /** The peer asks what is no request, or for too much; the session goes on. */
  onOffence: (error: MeshError) => void
  onLoad: (load: unknown) => void
  /** So fast did bytes of large frames go, or come. */
  onTransfer: (direction: TransferDirection, transfer: Transfer) => void
  onClosed: (error: MeshError) => void
}

/** A request on its way out. `bulk` is the JSON text of the command's bulk field. */
export interface OutgoingCommand {
  command: string
  params: object
  bulk?: string
  to?: string
  trace?: TraceContext | undefined
}

/** Ends of which the other side may tell us; what else it says becomes SESSION_CLOSED. */
const GOODBYE_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'STOPPING',
  'PROTOCOL_VERSION',
  'NOT_A_MEMBER',
  'CREDENTIAL_EXPIRED',
  'REVOKED'
])

/**
 * Ends that say enough to those who wait for an answer; any other is, to them, a lost session. Whoever no longer
 * belongs to the mesh says nothing about what it was asked.
 */
const LOSS_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'STOPPING',
  'PROTOCOL_VERSION',
  'PEER_SILENT',
  'SESSION_CLOSED',
  'SESSION_CONGESTED'
])

const encoder = new TextEncoder()

export class Session {
  readonly remotePeer: string
  readonly #stream: Stream
  readonly #components: SessionComponents
  readonly #events: SessionEvents
  readonly #init: Required<SessionInit>
  readonly #writer: StreamWriter
  readonly #reader = new FrameReader()
  readonly #coming: TransferMeter
  readonly #pending: PendingRequests
  readonly #answerer: RequestAnswerer
  readonly #heartbeat: Heartbeat
  readonly #ready = deferred<void>()
  /** Rejects with why it has ended. */
  readonly #ended = deferred<never>()
  readonly #cancelBeat: CancelTimer
  readonly #openedAtMs: number
  #heardAtMs: number
  #agent: string | undefined
  #end: MeshError | undefined

  constructor(
    remotePeer: string,
    stream: Stream,
    components: SessionComponents,
    options: SessionInit & { events: SessionEvents }
  ) {
    const { clock, server } = components
    this.remotePeer = remotePeer
    this.#stream = stream
    this.#components = components
    this.#events = options.events
    this.#init = { ...DEFAULT_SESSION, ...options }
    this.#openedAtMs = this.#heardAtMs = clock.monotonicMs()
    const { onTransfer } = options.events
    this.#coming = new TransferMeter(clock, (transfer) => onTransfer('from', transfer))
    const going = new TransferMeter(clock, (transfer) => onTransfer('to', transfer))
    this.#writer = new StreamWriter(stream, going)
    this.#pending = new PendingRequests(clock, (id) => this.#send({ kind: 'cancel', id }))
    const respond = (id: number, answer: CommandAnswer): void => this.#respond(id, answer)
    const { onOffence } = options.events
    this.#answerer = new RequestAnswerer({ server, remotePeer, respond, onOffence })
    this.#heartbeat = new Heartbeat(clock, (number) =>
      this.#send({ kind: 'beat', number, load: components.describeLoad(remotePeer) })
    )
    this.#ready.promise.catch(() => {})
    this.#ended.promise.catch(() => {})
    this.#cancelBeat = clock.every(this.#init.beatPeriodMs, () => this.#onBeatTime())
    stream.addEventListener('message', (event) => this.#onBytes(event.data))
    stream.addEventListener('end', () => this.#onStreamEnd())
    stream.addEventListener('close', () => this.#onStreamEnd())
    this.#send({ kind: 'hello', version: SESSION_VERSION, agent: components.agent })
    this.#heartbeat.beat()
    if (stream.readableEnded) queueMicrotask(() => this.#onStreamEnd())
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** True once the other end has said hello, as long as the session is open. */
  get isReady(): boolean {
    return this.isOpen && this.#agent !== undefined
  }

  /** This end has opened it. */
  get isOwn(): boolean {
    return this.#stream.direction === 'outbound'
  }

  /** Nobody waits for an answer, at neither end, as far as this one knows. */
  get isIdle(): boolean {
    return this.#pending.count + this.#answerer.count + this.#writer.waitingBytes === 0
  }

  /** Resolves when the other end has said hello. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Round trip of the path, in milliseconds; undefined until the first echo. */
  get latencyMs(): number | undefined {
    return this.#heartbeat.latencyMs
  }

  /** Program and version at the other end. */
  get agent(): string | undefined {
    return this.#agent
  }

  /** Requests of ours that wait for their answers. */
  get waitingCount(): number {
    return this.#pending.count
  }

  /** Bytes of ours that wait until the other end reads. */
  get waitingBytes(): number {
    return this.#writer.waitingBytes
  }

  /**
   * Sends a request and waits for its answer; the answer may carry the other end's error.
   * @throws MeshError SESSION_CLOSED, SESSION_CONGESTED, PEER_SILENT, RESPONSE_TIMED_OUT, FRAME_TOO_LARGE,
   * TOO_MANY_REQUESTS, STOPPING, or the signal's reason
   */
  async request(
    outgoing: OutgoingCommand,
    options: AbortOptions & { timeoutMs: number }
  ): Promise<SessionAnswer> {
    if (this.#end !== undefined) throw asLoss(this.#end)
    options.signal?.throwIfAborted()
    const id = this.#pending.nextId()
    this.#writer.write(
      encodeFrame({
        kind: 'request',
        id,
        command: outgoing.command,
        to: outgoing.to ?? null,
        params: outgoing.params as Record<string, unknown>,
        bulk: outgoing.bulk === undefined ? null : encoder.encode(outgoing.bulk),
        trace: outgoing.trace
      })
    )
    return await this.#pending.wait(id, options)
  }

  /** Tells the other end of this node's load at once, whenever the next beat is due. */
  tell(): void {
    const load = this.#components.describeLoad(this.remotePeer)
    this.#send({ kind: 'beat', number: NEWS_BEAT, load })
  }

  /**
   * There and back: the other end has heard all that was said before, and all that it had said until then is here.
   * @throws MeshError as the session ended
   */
  async roundTrip(): Promise<void> {
    if (this.#end !== undefined) throw this.#end
    await Promise.race([this.#heartbeat.whenEchoed(), this.#ended.promise])
  }

  /** Tells the other end why, then ends. Everything that waits hears of it. Resolves when the stream is gone. */
  async close(error: MeshError): Promise<void> {
    if (this.#end !== undefined) return
    this.#send({ kind: 'goodbye', code: error.code, message: error.message })
    await this.#finish(error)
  }

  #onStreamEnd(): void {
    const message = `the session with ${this.remotePeer} has ended`
    void this.#finish(new MeshError('SESSION_CLOSED', message))
  }

  #onBytes(bytes: Parameters<FrameReader['push']>[0]): void {
    this.#heardAtMs = this.#components.clock.monotonicMs()
    try {
      for (const payload of this.isOpen ? this.#reader.push(bytes) : []) {
        // A goodbye is the last word; what follows it in the same breath is not heard.
        if (this.isOpen) this.#onFrame(decodeFrame(payload), payload.byteLength)
      }
      this.#coming.moved(bytes.byteLength)
      if (this.#reader.comingBytes >= LARGE_FRAME_BYTES) this.#coming.begin()
      else this.#coming.idle()
    } catch (cause) {
      void this.close(MeshError.from(cause, 'FRAME_INVALID'))
    }
  }

  #onFrame(frame: Frame, bytes: number): void {
    if (this.#agent === undefined && frame.kind !== 'hello' && frame.kind !== 'goodbye') {
      throw new MeshError('FRAME_INVALID', 'a session begins with a hello')
    }
    switch (frame.kind) {
      case 'hello':
        return this.#onHello(frame.version, frame.agent)
      case 'request':
        return this.#answerer.onRequest(frame, bytes)
      case 'response':
        return this.#pending.onResponse(frame)
      case 'cancel':
        return this.#answerer.onCancel(frame.id)
      case 'beat':
      case 'echo':
        return this.#onPulse(frame)
      case 'goodbye':
        return void this.#finish(goodbyeError(frame.code, frame.message))
    }
  }

  #onPulse({ kind, load: theirs, number }: Frame & { kind: 'beat' | 'echo' }): void {
    if (!this.#heartbeat.hear()) {
      const message = 'the other end tells of its load without a pause'
      return this.#events.onOffence(new MeshError('TOO_MANY_REQUESTS', message))
    }
    // Whoever hears of the load may ask for the round trip, which this very echo has told.
    if (kind === 'echo') this.#heartbeat.onEcho(number)
    this.#events.onLoad(theirs)
    if (kind === 'echo' || number === NEWS_BEAT) return
    const load = this.#components.describeLoad(this.remotePeer)
    this.#send({ kind: 'echo', number, load })
  }

  #onHello(version: number, agent: string): void {
    if (this.#agent !== undefined) throw new MeshError('FRAME_INVALID', 'a second hello')
    if (version !== SESSION_VERSION) {
      throw new MeshError(
        'PROTOCOL_VERSION',
        `the other end speaks version ${version} of the session, this is version ${SESSION_VERSION}`
      )
    }
    this.#agent = agent
    this.#ready.resolve()
  }

  #respond(id: number, answer: CommandAnswer): void {
    if (this.#end !== undefined) return
    try {
      this.#writer.write(encodeFrame(responseFrame(id, answer)))
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.code === 'SESSION_CONGESTED') void this.#finish(error)
      // Too large, or something that no frame can carry: the asker learns that instead.
      else this.#send(responseFrame(id, { error }))
    }
  }

  #onBeatTime(): void {
    const nowMs = this.#components.clock.monotonicMs()
    const { silenceMsMax } = this.#init
    const silentMs = nowMs - this.#heardAtMs
    if (silentMs > silenceMsMax) {
      const message = `nothing was heard of the peer for ${Math.round(silentMs)} ms`
      void this.#finish(new MeshError('PEER_SILENT', message))
    } else if (this.#agent === undefined && nowMs - this.#openedAtMs > silenceMsMax) {
      void this.#finish(new MeshError('PEER_SILENT', 'the peer never said hello'))
    } else this.#heartbeat.beat()
  }

  /** For small frames that must not fail the caller: a stuck session ends instead. */
  #send(frame: Frame): void {
    try {
      this.#writer.write(encodeFrame(frame))
    } catch (cause) {
      void this.#finish(MeshError.from(cause))
    }
  }

  /** The one way in which a session ends, whoever ends it. */
  async #finish(error: MeshError): Promise<void> {
    if (this.#end !== undefined) return
    this.#end = error
    this.#cancelBeat()
    this.#ready.reject(error)
    this.#ended.reject(error)
    this.#pending.failAll(asLoss(error))
    this.#answerer.stopAll(error)
    this.#writer.end()
    this.#events.onClosed(error)
    if (error.code === 'PEER_SILENT' || error.code === 'SESSION_CONGESTED') {
      this.#stream.abort(error)
    } else await closeWithin(this.#stream, this.#components.clock, CLOSE_TIMEOUT_MS)
  }
}

/** Tells whoever may not have a session why. Never rejects. */
export async function refuseSession(
  stream: Stream,
  clock: Clock,
  { code, message }: MeshError
): Promise<void> {
  discardInput(stream)
  const writer = new StreamWriter(stream)
  writer.write(encodeFrame({ kind: 'goodbye', code, message }))
  writer.end()
  await closeWithin(stream, clock, CLOSE_TIMEOUT_MS)
}

function responseFrame(id: number, answer: CommandAnswer): Frame {
  return {
    kind: 'response',
    id,
    error: answer.error?.toData() ?? null,
    result: (answer.result as Record<string, unknown> | undefined) ?? null,
    bulk: answer.bulk === undefined ? null : encoder.encode(answer.bulk)
  }
}

function goodbyeError(code: string, message: string): MeshError {
  return GOODBYE_CODES.has(code)
    ? new MeshError(code as ErrorCode, message)
    : new MeshError('SESSION_CLOSED', `the peer ended the session: ${code}: ${message}`)
}

/** What an end means to a request in flight: a peer that breaks the protocol is not the asker's fault. */
function asLoss(error: MeshError): MeshError {
  if (LOSS_CODES.has(error.code)) return error
  return new MeshError('SESSION_CLOSED', `the session was ended: ${error.message}`, {
    cause: error
  })
}
