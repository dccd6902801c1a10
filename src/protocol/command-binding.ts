/**
 * The JSON binding: one stream per request, the request one JSON text up to the end of the writing
 * side, the answer likewise. Any libp2p program in any language can speak it in twenty lines; our own
 * nodes use sessions among themselves.
 */
import { withTimeLimit } from '../core/abort.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { validatorFor } from '../model/validate.ts'
import { COMMANDS, isCommandName } from './commands.ts'
import { COMMAND_PROTOCOL_V1 } from './ids.ts'
import { readToEnd, writeAndClose } from './stream-text.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandAnswer, CommandServer } from './command-server.ts'
import type { CommandRequest, CommandResponse, Exchange } from '../model/generated/envelope.ts'
import type { PeerLink } from './peer-link.ts'
import type { Startable } from '../core/startable.ts'
import type { Stream } from '@libp2p/interface'

export interface CommandBindingInit {
  /** The whole request must have arrived within this. @default 30000 */
  requestTimeoutMs?: number
  /** Our answer must have left within this. @default 30000 */
  writeTimeoutMs?: number
}

export interface CommandBindingComponents {
  clock: Clock
  link: PeerLink
  server: CommandServer
}

const checkRequest = validatorFor<CommandRequest>('envelope#/$defs/request')
const checkResponse = validatorFor<CommandResponse>('envelope#/$defs/response')

export class CommandBinding implements Startable {
  readonly #components: CommandBindingComponents
  readonly #init: Required<CommandBindingInit>
  /** Open streams by remote peer. */
  readonly #streamCounts = new Map<string, number>()
  #nextRequest = 1

  constructor(components: CommandBindingComponents, init: CommandBindingInit = {}) {
    this.#components = components
    this.#init = { requestTimeoutMs: 30_000, writeTimeoutMs: 30_000, ...init }
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
   * @throws MeshError PEER_UNREACHABLE, RESPONSE_TIMED_OUT, RESPONSE_INVALID; an error that the peer
   * answers is inside the response, not thrown
   */
  async call(
    peer: string,
    command: string,
    params: object,
    options: AbortOptions & { timeoutMs: number; to?: string | undefined }
  ): Promise<Exchange> {
    const { clock, link } = this.#components
    const request: CommandRequest = {
      command,
      request_id: `${this.#nextRequest++}`,
      from: link.selfPeer,
      ...(options.to === undefined ? {} : { to: options.to }),
      timestamp: Math.floor(clock.wallMs() / 1_000),
      params: params as CommandRequest['params']
    }
    const limit = {
      clock,
      timeoutMs: options.timeoutMs,
      code: 'RESPONSE_TIMED_OUT',
      message: `${peer} did not answer ${command} within ${options.timeoutMs} ms`,
      signal: options.signal
    } as const
    const response = await withTimeLimit(limit, async (signal) => {
      const stream = await link.openStream(peer, COMMAND_PROTOCOL_V1, { signal })
      const answer = readToEnd(stream, LIMITS.commandBytesMax)
      await writeAndClose(stream, JSON.stringify(request), { signal })
      return asResponse(await answer)
    })
    return { request, response }
  }

  async #serve(stream: Stream, remotePeer: string): Promise<void> {
    const count = (this.#streamCounts.get(remotePeer) ?? 0) + 1
    this.#streamCounts.set(remotePeer, count)
    try {
      const response =
        count > LIMITS.commandStreamsMax
          ? this.#response({}, remotePeer, { error: tooManyStreams() })
          : await this.#answer(stream, remotePeer)
      const limit = {
        clock: this.#components.clock,
        timeoutMs: this.#init.writeTimeoutMs,
        code: 'REQUEST_TIMED_OUT',
        message: 'the asker does not read the answer'
      } as const
      await withTimeLimit(limit, (signal) =>
        writeAndClose(stream, JSON.stringify(response), { signal })
      )
    } catch (cause) {
      stream.abort(MeshError.from(cause))
    } finally {
      if (count === 1) this.#streamCounts.delete(remotePeer)
      else this.#streamCounts.set(remotePeer, (this.#streamCounts.get(remotePeer) ?? 1) - 1)
    }
  }

  async #answer(stream: Stream, remotePeer: string): Promise<CommandResponse> {
    const gone = new AbortController()
    stream.addEventListener('close', () =>
      gone.abort(new MeshError('TASK_STOPPED', 'the asker is gone'))
    )
    let request: Partial<CommandRequest> = {}
    try {
      const value = parseJson(await this.#readRequest(stream))
      request = identifying(value)
      const checked = checkRequest(value)
      const answer = await this.#components.server.answer({
        command: checked.command,
        params: checked.params,
        remotePeer,
        from: checked.from,
        to: checked.to,
        signal: gone.signal
      })
      return this.#response(request, remotePeer, answer)
    } catch (cause) {
      return this.#response(request, remotePeer, { error: MeshError.from(cause) })
    }
  }

  async #readRequest(stream: Stream): Promise<string> {
    const limit = {
      clock: this.#components.clock,
      timeoutMs: this.#init.requestTimeoutMs,
      code: 'REQUEST_TIMED_OUT',
      message: `the request was not complete within ${this.#init.requestTimeoutMs} ms`
    } as const
    return await withTimeLimit(limit, () => readToEnd(stream, LIMITS.commandBytesMax))
  }

  #response(request: Partial<CommandRequest>, to: string, answer: CommandAnswer): CommandResponse {
    const { error } = answer
    const status =
      error === undefined ? 'success' : error.code.endsWith('_TIMED_OUT') ? 'timeout' : 'error'
    const result = wholeResult(request.command, answer)
    return {
      command: request.command ?? '',
      request_id: request.request_id ?? '',
      from: this.#components.link.selfPeer,
      to,
      timestamp: Math.floor(this.#components.clock.wallMs() / 1_000),
      status,
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error: error.message, error_detail: { ...error.toData() } })
    }
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

function asResponse(text: string): CommandResponse {
  try {
    return checkResponse(parseJson(text))
  } catch (cause) {
    throw new MeshError(
      'RESPONSE_INVALID',
      `the answer is not what the protocol asks for: ${String(cause)}`,
      {
        cause
      }
    )
  }
}

function tooManyStreams(): MeshError {
  return new MeshError(
    'TOO_MANY_REQUESTS',
    `at most ${LIMITS.commandStreamsMax} requests at once`,
    {
      hint: 'wait for answers before asking more, or open a session'
    }
  )
}
