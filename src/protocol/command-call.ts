/**
 * The asking half of the JSON binding: one request on a stream of its own, and the answer to it. It knows neither schemas nor
 * sessions, so that whoever has a stream can ask, a browser's tab too.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readToEnd, writeAndClose } from './stream-text.ts'
import type { CommandRequest, CommandResponse } from '../model/generated/envelope.ts'
import type { Stream } from '@libp2p/interface'

export interface CommandAsk {
  id: string
  command: string
  params: object
  from: string
  to?: string | undefined
  nowMs: number
}

export function requestOf({ command, from, id, nowMs, params, to }: CommandAsk): CommandRequest {
  return {
    command,
    request_id: id,
    from,
    ...(to === undefined ? {} : { to }),
    timestamp: Math.floor(nowMs / 1_000),
    params: params as CommandRequest['params']
  }
}

/**
 * @param check gives back what came as an answer, or throws
 * @throws MeshError SESSION_CLOSED, RESPONSE_INVALID; the signal's reason
 */
export async function exchange(
  stream: Stream,
  request: CommandRequest,
  { check, signal }: { check: (value: unknown) => CommandResponse; signal: AbortSignal }
): Promise<CommandResponse> {
  try {
    // Both at once: an asker that sends too much hears so before it is done.
    const reading = readAnswer(stream, signal)
    const [text] = await Promise.all([reading, sendRequest(stream, request, signal)])
    return asResponse(text, check)
  } catch (cause) {
    stream.abort(MeshError.from(cause))
    throw cause
  }
}

/**
 * An answer may come, and the stream end, before all of the request was sent; the answer says why, so
 * what befalls the rest of the request is of no account. Without an answer the reading fails.
 */
async function sendRequest(
  stream: Stream,
  request: CommandRequest,
  signal: AbortSignal
): Promise<void> {
  try {
    await writeAndClose(stream, JSON.stringify(request), { signal })
  } catch (cause) {
    if (stream.status === 'open') throw cause
  }
}

async function readAnswer(stream: Stream, signal: AbortSignal): Promise<string> {
  try {
    return await readToEnd(stream, { bytesMax: LIMITS.commandBytesMax, signal })
  } catch (cause) {
    throw MeshError.from(cause).code === 'REQUEST_NOT_JSON' ? invalidAnswer(cause) : cause
  }
}

function asResponse(text: string, check: (value: unknown) => CommandResponse): CommandResponse {
  try {
    return check(parseJson(text))
  } catch (cause) {
    throw invalidAnswer(cause)
  }
}

function invalidAnswer(cause: unknown): MeshError {
  const message = `the answer is not what the protocol asks for: ${messageOf(cause)}`
  return new MeshError('RESPONSE_INVALID', message, { cause })
}
