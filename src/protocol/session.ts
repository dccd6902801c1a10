/**
 * One peer's session: a long-lived stream with many requests in flight both ways, heartbeats that
 * measure the round trip and carry the other's load, and an end that every waiting request hears of.
 * It decides nothing about what a command means.
 */
import { deferred } from '../core/abort.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { decodeFrame, encodeFrame } from './frames.ts'
import { FrameReader } from './frame-reader.ts'
import { StreamWriter } from './stream-writer.ts'
import { COMMANDS, isCommandName } from './commands.ts'
import { parseJson } from '../core/json.ts'
import type { Stream } from '@libp2p/interface'
import type { AbortOptions } from '../core/abort.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { CommandAnswer, CommandServer } from './command-server.ts'
import type { Frame } from './frames.ts'

export const SESSION_VERSION = 1

export interface SessionInit {
  /** A beat is sent this often. @default 5000 */
  beatPeriodMs?: number
  /** Silence for so long ends the session. @default 15000 */
  silenceMsMax?: number
}

const DEFAULT_SESSION: Required<SessionInit> = { beatPeriodMs: 5_000, silenceMsMax: 15_000 }

/**
 * The least of so many last round trips is taken for the path's: a busy moment at either end only adds
 * to a sample, so the least is the truest, and a path that got longer shows once the old ones are gone.
 */
const LATENCY_SAMPLES = 6

/** The first beats follow each other at once, so that a new session soon knows its path. */
const EAGER_BEATS = 3

export interface SessionComponents {
  clock: Clock
  server: CommandServer
  agent: string
  /** This node's own load, sent along with each beat; null for a node that runs no tasks. */
  describeLoad: () => unknown
}

export interface SessionEvents {
  onLoad: (load: unknown) => void
  onClosed: (error: MeshError) => void
}

/** A request on its way out. `bulk` is the JSON text of the command's bulk field. */
export interface OutgoingCommand {
  command: string
  params: object
  bulk?: string
  to?: string
}

/** An answer as it came: the error typed, the result unchecked, the bulk field still as text. */
export interface SessionAnswer {
  error?: MeshError
  result?: Record<string, unknown>
  bulk?: string
}

interface Waiting {
  resolve: (answer: SessionAnswer) => void
  reject: (error: MeshError) => void
  release: () => void
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export class Session {
  readonly remotePeer: string
  readonly #stream: Stream
  readonly #components: SessionComponents
  readonly #events: SessionEvents
  readonly #init: Required<SessionInit>
  readonly #writer: StreamWriter
  readonly #reader = new FrameReader()
  readonly #waiting = new Map<number, Waiting>()
  /** Requests of the other end that are being answered, by id. */
  readonly #answering = new Map<number, AbortController>()
  readonly #ready = deferred<void>()
  readonly #cancelBeat: CancelTimer
  #answeringBytes = 0
  #nextId = 1
  #beat = { number: 0, sentAtMs: 0 }
  #heardAtMs: number
  #latencySamplesMs: number[] = []
  #agent: string | undefined
  #end: MeshError | undefined

  constructor(
    remotePeer: string,
    stream: Stream,
    components: SessionComponents,
    options: SessionInit & { events: SessionEvents }
  ) {
    this.remotePeer = remotePeer
    this.#stream = stream
    this.#components = components
    this.#events = options.events
    this.#init = { ...DEFAULT_SESSION, ...options }
    this.#heardAtMs = components.clock.monotonicMs()
    this.#writer = new StreamWriter(stream)
    this.#ready.promise.catch(() => {})
    stream.addEventListener('message', (event) => this.#onBytes(event.data))
    stream.addEventListener('remoteCloseWrite', () => this.#finish(closedBy(remotePeer)))
    stream.addEventListener('close', () => this.#finish(closedBy(remotePeer)))
    this.#cancelBeat = components.clock.every(this.#init.beatPeriodMs, () => this.#onBeatTime())
    this.#send({ kind: 'hello', version: SESSION_VERSION, agent: components.agent })
    this.#sendBeat()
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** Resolves when the other end has said hello. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Round trip of the path, in milliseconds; undefined until the first echo. */
  get latencyMs(): number | undefined {
    return this.#latencySamplesMs.length === 0 ? undefined : Math.min(...this.#latencySamplesMs)
  }

  /** Program and version at the other end. */
  get agent(): string | undefined {
    return this.#agent
  }

  /**
   * Sends a request and waits for its answer; the answer may carry the other end's error.
   * @throws MeshError SESSION_CLOSED, SESSION_CONGESTED, PEER_SILENT, RESPONSE_TIMED_OUT, FRAME_TOO_LARGE,
   * TOO_MANY_REQUESTS, or the signal's reason
   */
  async request(
    outgoing: OutgoingCommand,
    options: AbortOptions & { timeoutMs: number }
  ): Promise<SessionAnswer> {
    if (this.#end !== undefined) throw this.#end
    options.signal?.throwIfAborted()
    if (this.#waiting.size >= LIMITS.sessionRequestsMax) {
      throw new MeshError(
        'TOO_MANY_REQUESTS',
        `${LIMITS.sessionRequestsMax} requests to this peer wait already`
      )
    }
    const id = this.#nextId
    this.#nextId += 1
    this.#writer.write(
      encodeFrame({
        kind: 'request',
        id,
        command: outgoing.command,
        to: outgoing.to ?? null,
        params: outgoing.params as Record<string, unknown>,
        bulk: outgoing.bulk === undefined ? null : encoder.encode(outgoing.bulk)
      })
    )
    return await this.#awaitAnswer(id, options)
  }

  /** Tells the other end why, then ends. Everything that waits hears of it. */
  close(error: MeshError): void {
    if (this.#end !== undefined) return
    this.#send({ kind: 'goodbye', code: error.code, message: error.message })
    this.#finish(error)
    // The goodbye leaves at the end of this tick; closing later lets it go first.
    setImmediate(() => void this.#closeStream(error))
  }

  async #closeStream(error: MeshError): Promise<void> {
    try {
      await this.#stream.close()
    } catch {
      this.#stream.abort(error)
    }
  }

  #awaitAnswer(id: number, options: AbortOptions & { timeoutMs: number }): Promise<SessionAnswer> {
    const { promise, resolve, reject } = deferred<SessionAnswer>()
    const { signal, timeoutMs } = options
    const giveUp = (reason: unknown): void => {
      if (!this.#settle(id)) return
      this.#send({ kind: 'cancel', id })
      reject(reason)
    }
    const onAbort = (): void => giveUp(signal?.reason)
    const cancelTimer = this.#components.clock.after(timeoutMs, () =>
      giveUp(new MeshError('RESPONSE_TIMED_OUT', `no answer within ${timeoutMs} ms`))
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    const release = (): void => {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
    this.#waiting.set(id, { resolve, reject, release })
    return promise
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    waiting.release()
    return waiting
  }

  #onBytes(bytes: Parameters<FrameReader['push']>[0]): void {
    if (this.#end !== undefined) return
    this.#heardAtMs = this.#components.clock.monotonicMs()
    try {
      for (const payload of this.#reader.push(bytes)) this.#onFrame(decodeFrame(payload))
    } catch (cause) {
      this.close(MeshError.from(cause, 'FRAME_INVALID'))
    }
  }

  #onFrame(frame: Frame): void {
    switch (frame.kind) {
      case 'hello':
        return this.#onHello(frame.version, frame.agent)
      case 'request':
        return void this.#onRequest(frame)
      case 'response':
        return this.#onResponse(frame)
      case 'cancel':
        return this.#answering
          .get(frame.id)
          ?.abort(new MeshError('TASK_STOPPED', 'the asker cancelled'))
      case 'beat':
        this.#events.onLoad(frame.load)
        return this.#send({
          kind: 'echo',
          number: frame.number,
          load: this.#components.describeLoad()
        })
      case 'echo':
        return this.#onEcho(frame.number, frame.load)
      case 'goodbye':
        return this.#finish(MeshError.fromData(frame as { message: string }, 'SESSION_CLOSED'))
    }
  }

  #onHello(version: number, agent: string): void {
    if (version !== SESSION_VERSION) {
      throw new MeshError(
        'PROTOCOL_VERSION',
        `the other end speaks version ${version} of the session, this is version ${SESSION_VERSION}`
      )
    }
    this.#agent = agent
    this.#ready.resolve()
  }

  async #onRequest(frame: Frame & { kind: 'request' }): Promise<void> {
    const bytes = frame.bulk?.byteLength ?? 0
    const isFull =
      this.#answering.size >= LIMITS.sessionRequestsMax ||
      this.#answeringBytes + bytes > LIMITS.sessionRequestBytesMax
    if (isFull || this.#answering.has(frame.id)) {
      const error = new MeshError(
        'TOO_MANY_REQUESTS',
        'too many requests on this session wait for an answer'
      )
      return this.#respond(frame.id, { error })
    }
    const controller = new AbortController()
    this.#answering.set(frame.id, controller)
    this.#answeringBytes += bytes
    try {
      this.#respond(frame.id, await this.#answer(frame, controller.signal))
    } finally {
      this.#answering.delete(frame.id)
      this.#answeringBytes -= bytes
    }
  }

  async #answer(frame: Frame & { kind: 'request' }, signal: AbortSignal): Promise<CommandAnswer> {
    try {
      return await this.#components.server.answer({
        command: frame.command,
        params: withBulk(frame),
        remotePeer: this.remotePeer,
        from: undefined,
        to: frame.to ?? undefined,
        signal
      })
    } catch (cause) {
      return { error: MeshError.from(cause, 'REQUEST_NOT_JSON') }
    }
  }

  #respond(id: number, answer: CommandAnswer): void {
    if (this.#end !== undefined) return
    try {
      this.#writer.write(encodeFrame(responseFrame(id, answer)))
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.code === 'FRAME_TOO_LARGE') this.#send(responseFrame(id, { error }))
      else this.close(error)
    }
  }

  #onResponse(frame: Frame & { kind: 'response' }): void {
    // Nobody waits any more when a request was given up; its late answer is of no use.
    const waiting = this.#settle(frame.id)
    if (waiting === undefined) return
    waiting.resolve({
      ...(frame.error === null
        ? {}
        : { error: MeshError.fromData(frame.error, 'RESPONSE_INVALID') }),
      ...(frame.result === null ? {} : { result: frame.result }),
      ...(frame.bulk === null ? {} : { bulk: decoder.decode(frame.bulk) })
    })
  }

  #onEcho(number: number, load: unknown): void {
    if (number !== this.#beat.number) return
    this.#latencySamplesMs.push(this.#components.clock.monotonicMs() - this.#beat.sentAtMs)
    if (this.#latencySamplesMs.length > LATENCY_SAMPLES) this.#latencySamplesMs.shift()
    this.#events.onLoad(load)
    if (number < EAGER_BEATS) this.#sendBeat()
  }

  #onBeatTime(): void {
    const silentMs = this.#components.clock.monotonicMs() - this.#heardAtMs
    if (silentMs > this.#init.silenceMsMax) {
      const error = new MeshError(
        'PEER_SILENT',
        `nothing was heard of the peer for ${Math.round(silentMs)} ms`
      )
      this.#finish(error)
      this.#stream.abort(error)
    } else this.#sendBeat()
  }

  #sendBeat(): void {
    this.#beat = { number: this.#beat.number + 1, sentAtMs: this.#components.clock.monotonicMs() }
    this.#send({ kind: 'beat', number: this.#beat.number, load: this.#components.describeLoad() })
  }

  /** For small frames that must not fail the caller: a stuck session ends instead. */
  #send(frame: Frame): void {
    try {
      this.#writer.write(encodeFrame(frame))
    } catch (cause) {
      const error = MeshError.from(cause)
      this.#finish(error)
      this.#stream.abort(error)
    }
  }

  #finish(error: MeshError): void {
    if (this.#end !== undefined) return
    this.#end = error
    this.#cancelBeat()
    this.#ready.reject(error)
    for (const id of this.#waiting.keys()) this.#settle(id)?.reject(error)
    for (const controller of this.#answering.values()) controller.abort(error)
    this.#events.onClosed(error)
  }
}

/** Puts a request's bulk field back among its parameters, where the schema expects it. */
function withBulk(frame: Frame & { kind: 'request' }): Record<string, unknown> {
  const field = isCommandName(frame.command) ? COMMANDS[frame.command].bulk.params : undefined
  if (field === undefined || frame.bulk === null) return frame.params
  return { ...frame.params, [field]: parseJson(decoder.decode(frame.bulk)) }
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

function closedBy(peer: string): MeshError {
  return new MeshError('SESSION_CLOSED', `the session with ${peer} has ended`)
}
