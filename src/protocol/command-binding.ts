/**
 * The JSON binding: one stream per request, the request one JSON text up to the end of the writing
 * side, the answer likewise. Any libp2p program in any language can speak it in twenty lines; our own
 * nodes use sessions among themselves.
 */
import { withTimeLimit } from '../core/abort.ts'
import { isCutShort, parseJson } from '../core/json.ts'
import { Pace } from '../core/pace.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { validatorFor } from '../model/validate.ts'
import { COMMANDS, isCommandName } from './commands.ts'
import { COMMAND_PROTOCOL_V1 } from './ids.ts'
import { exchange, requestOf } from './command-call.ts'
import { isFirstWord } from './access.ts'
import { PeerQuota } from './peer-quota.ts'
import { closeWithin, cutShort, discardInput, readToEnd, writeAndClose } from './stream-text.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Access } from './access.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandAnswer, CommandServer } from './command-server.ts'
import type { CommandName, Params, Result } from './commands.ts'
import type { ErrorData } from '../core/errors.ts'
import type { CommandRequest, CommandResponse, Exchange } from '../model/generated/envelope.ts'
import type { PeerLink } from './peer-link.ts'
import type { Startable } from '../core/startable.ts'
import type { Stream } from '@libp2p/interface'

export interface CommandBindingInit {
  /** The whole request must have arrived within this. @default 30000 */
  requestTimeoutMs?: number
  /** Our answer must have left within this. @default 30000 */
  writeTimeoutMs?: number
  /** How long an asker that was answered may leave its own side open. @default 5000 */
  closeTimeoutMs?: number
}

const DEFAULT_BINDING: Required<CommandBindingInit> = {
  requestTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  closeTimeoutMs: 5_000
}

export interface CommandBindingComponents {
  access: Access
  clock: Clock
  link: PeerLink
  server: CommandServer
}

/**
 * Milliseconds of this node's only thread that one peer may have for what it asks here: a quarter of them for long,
 * at first as much as a few of the largest jobs take. Most requests take a fraction of one.
 */
const THREAD_MS = { burst: 5_000, perSecond: 250 }

/** Objects and lists of a request are no more than its sender's bytes by this: a million of empty ones are read for a fifth of a second. */
const CONTAINER_BYTES = 64

const checkRequest = validatorFor<CommandRequest>('envelope#/$defs/request')
const checkResponse = validatorFor<CommandResponse>('envelope#/$defs/response')

export class CommandBinding implements Startable {
  readonly #components: CommandBindingComponents
  readonly #init: Required<CommandBindingInit>
  readonly #openStreams = new PeerQuota({
    perPeerMax: LIMITS.commandStreamsMax,
    totalMax: LIMITS.commandStreamsTotalMax
  })
  /** Bytes of requests that are being read or answered. */
  readonly #heldBytes = new PeerQuota({
    perPeerMax: LIMITS.commandBytesMax,
    totalMax: LIMITS.commandBytesTotalMax
  })
  /** What each peer has left of the thread's time. */
  readonly #threadTime: Pace
  #nextRequest = 1

  constructor(components: CommandBindingComponents, init: CommandBindingInit = {}) {
    this.#components = components
    this.#threadTime = new Pace(components.clock, THREAD_MS)
    this.#init = { ...DEFAULT_BINDING, ...init }
  }

  async start(): Promise<void> {
    await this.#components.link.handle(
      COMMAND_PROTOCOL_V1,
      async (stream, remotePeer) => await this.#serve(stream, remotePeer),
      { maxInboundStreams: LIMITS.streamsPerProtocolMax }
    )
  }

  async stop(): Promise<void> {
    await this.#components.link.unhandle(COMMAND_PROTOCOL_V1)
  }

  /**
   * Sends one command over a stream of its own and waits for the answer, whole.
   * @throws MeshError PEER_UNREACHABLE, SESSION_CLOSED (the stream was cut off), RESPONSE_TIMED_OUT,
   * RESPONSE_INVALID; as `Access.introduce` before the first words are spoken; an error that the peer answers is inside the response, not thrown
   */
  async call(
    peer: string,
    command: string,
    params: object,
    options: AbortOptions & { timeoutMs: number; to?: string | undefined }
  ): Promise<Exchange> {
    const { access, clock, link } = this.#components
    const request = requestOf({
      id: `${this.#nextRequest++}`,
      command,
      params,
      from: link.selfPeer,
      to: options.to,
      nowMs: clock.wallMs()
    })
    const limit = {
      clock,
      timeoutMs: options.timeoutMs,
      code: 'RESPONSE_TIMED_OUT',
      message: `${peer} did not answer ${command} within ${options.timeoutMs} ms`,
      signal: options.signal
    } as const
    const response = await withTimeLimit(limit, async (signal) => {
      if (!isFirstWord(command)) await access.introduce(peer, { signal })
      const stream = await link.openStream(peer, COMMAND_PROTOCOL_V1, { signal })
      return await exchange(stream, request, { check: checkResponse, signal })
    })
    return { request, response }
  }

  /**
   * Sends one command and gives back its result, checked.
   * @throws MeshError as `call`, and what the peer answers as an error
   */
  async ask<C extends CommandName>(
    peer: string,
    command: C,
    params: Params<C>,
    options: AbortOptions & { timeoutMs: number }
  ): Promise<Result<C>> {
    const { response } = await this.call(peer, command, params, { ...options, to: peer })
    if (response.status !== 'success') {
      throw MeshError.fromData((response.error_detail ?? {}) as Partial<ErrorData>)
    }
    return COMMANDS[command].checkResult(response.result)
  }

  /** Never rejects: whatever one stream does harms that stream only. */
  async #serve(stream: Stream, remotePeer: string): Promise<void> {
    const isCounted = this.#openStreams.take(remotePeer, 1)
    try {
      const answer = isCounted
        ? await this.#answer(stream, remotePeer)
        : this.#refuse(stream, remotePeer)
      await this.#write(stream, answer)
    } catch (cause) {
      const error = MeshError.from(cause)
      this.#components.link.complain(remotePeer, error)
      stream.abort(error)
    } finally {
      await closeWithin(stream, this.#components.clock, this.#init.closeTimeoutMs)
      if (isCounted) this.#openStreams.give(remotePeer, 1)
    }
  }

  #refuse(stream: Stream, remotePeer: string): string {
    discardInput(stream)
    const error = tooMany('requests at once')
    this.#components.link.complain(remotePeer, error)
    return this.#response({}, remotePeer, { error })
  }

  async #write(stream: Stream, text: string): Promise<void> {
    const limit = {
      clock: this.#components.clock,
      timeoutMs: this.#init.writeTimeoutMs,
      code: 'REQUEST_TIMED_OUT',
      message: 'the asker does not read the answer'
    } as const
    await withTimeLimit(limit, (signal) => writeAndClose(stream, text, { signal }))
  }

  /** The answer's text; what cannot be answered or written down makes an error of it. */
  async #answer(stream: Stream, remotePeer: string): Promise<string> {
    const gone = new AbortController()
    stream.addEventListener('close', () =>
      gone.abort(new MeshError('TASK_STOPPED', 'the asker is gone'))
    )
    const held = { bytes: 0 }
    let request: Partial<CommandRequest> = {}
    try {
      this.#requireTime(remotePeer)
      const text = await this.#readRequest(stream, remotePeer, held)
      const answer = await this.#timed(remotePeer, () => {
        const value = this.#parse(text, remotePeer)
        request = identifying(value)
        const { command, from, params, to, trace } = checkRequest(value)
        const { signal } = gone
        const incoming = { command, params, remotePeer, from, to, trace, signal }
        return this.#components.server.answer(incoming)
      })
      // Any other error may be what was asked for.
      if (answer.error?.code === 'FROM_MISMATCH') throw answer.error
      return this.#response(request, remotePeer, answer)
    } catch (cause) {
      const error = MeshError.from(cause)
      this.#components.link.complain(remotePeer, error)
      return this.#response(request, remotePeer, { error })
    } finally {
      this.#heldBytes.give(remotePeer, held.bytes)
    }
  }

  /** Whoever may send less may have less in it. */
  #parse(text: string, peer: string): unknown {
    const bytesMax = this.#components.access.requestBytesMax(peer)
    const containersMax = Math.min(LIMITS.jsonContainersMax, bytesMax / CONTAINER_BYTES)
    try {
      return parseJson(text, bytesMax, containersMax)
    } catch (cause) {
      const isCut = MeshError.from(cause).code === 'REQUEST_NOT_JSON' && isCutShort(text)
      throw isCut ? cutShort(cause) : cause
    }
  }

  #requireTime(peer: string): void {
    const retryAfterMs = this.#threadTime.waitMs(peer, 1)
    if (retryAfterMs > 0) throw tooMany('requests that take long', { retryAfterMs })
  }

  /** Charges the peer with what is done at once; what is waited for keeps nobody else waiting. */
  #timed<T>(peer: string, work: () => T): T {
    const { clock } = this.#components
    const beganMs = clock.monotonicMs()
    try {
      return work()
    } finally {
      this.#threadTime.takeAll(peer, clock.monotonicMs() - beganMs)
    }
  }

  async #readRequest(stream: Stream, remotePeer: string, held: { bytes: number }): Promise<string> {
    const limit = {
      clock: this.#components.clock,
      timeoutMs: this.#init.requestTimeoutMs,
      code: 'REQUEST_TIMED_OUT',
      message: `the request was not complete within ${this.#init.requestTimeoutMs} ms`
    } as const
    const { access } = this.#components
    const hold = (bytes: number): void => {
      if (held.bytes + bytes > LIMITS.strangerCommandBytesMax) access.requireMember(remotePeer)
      const bytesMax = access.requestBytesMax(remotePeer)
      if (held.bytes + bytes > bytesMax) {
        throw new MeshError('REQUEST_TOO_LARGE', `this node reads ${bytesMax} bytes of you at most`)
      }
      if (!this.#heldBytes.take(remotePeer, bytes)) throw tooMany('bytes of requests at once')
      held.bytes += bytes
    }
    return await withTimeLimit(limit, (signal) =>
      readToEnd(stream, { bytesMax: LIMITS.commandBytesMax, hold, signal })
    )
  }

  #response(request: Partial<CommandRequest>, to: string, answer: CommandAnswer): string {
    const { error } = answer
    const status =
      error === undefined ? 'success' : error.code.endsWith('_TIMED_OUT') ? 'timeout' : 'error'
    const result = wholeResult(request.command, answer)
    const response: CommandResponse = {
      command: request.command ?? '',
      request_id: request.request_id ?? '',
      from: this.#components.link.selfPeer,
      to,
      timestamp: Math.floor(this.#components.clock.wallMs() / 1_000),
      status,
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error: error.message, error_detail: { ...error.toData() } })
    }
    return JSON.stringify(response)
  }
}

/** The result with its bulk field back in place. */
function wholeResult(
  command: string | undefined,
  answer: CommandAnswer
): Record<string, unknown> | undefined {
  const result = answer.result as Record<string, unknown> | undefined
  const field = isCommandName(command) ? COMMANDS[command].bulk.result : undefined
  if (field === undefined || answer.bulk === undefined) return result
  return { ...result, [field]: JSON.parse(answer.bulk) as unknown }
}

/** What of a request its answer must repeat, taken even from one that is otherwise wrong. */
function identifying(value: unknown): Partial<CommandRequest> {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const { command, request_id: requestId } = fields
  return {
    ...(typeof command === 'string' ? { command: command.slice(0, 64) } : {}),
    ...(typeof requestId === 'string' ? { request_id: requestId.slice(0, 128) } : {})
  }
}

function tooMany(what: string, { retryAfterMs }: { retryAfterMs?: number } = {}): MeshError {
  return new MeshError('TOO_MANY_REQUESTS', `this node has too many ${what} of you`, {
    hint: 'wait for answers before asking more, or open a session',
    retryAfterMs
  })
}
