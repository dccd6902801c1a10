/**
 * Every error of the API in one form: RFC 9457 problem details with a stable code. What nobody foresaw
 * becomes INTERNAL: its cause goes to the log with the request's number, never to the caller.
 */
import { formatBytes } from '../core/units.ts'
import { STATUS_CODES } from 'node:http'
import { ERROR_CATALOGUE, MeshError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { SAFE_HEADERS } from './safe-headers.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import type { Problem } from '../model/generated/api-problem.ts'
import type { ApiLogger } from './services.ts'

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** Of answers that are written by hand. */
const SAFE_HEADER_LINES = Object.entries(SAFE_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')

/** For errors that name no time: long enough for a burst to pass, short enough that nobody sees a pause. */
const RETRY_AFTER_MS_DEFAULT = 1_000

/** Refusals whose HTTP status says more than that of their code. */
const STATUS_METHOD_NOT_ALLOWED = 405
const STATUS_MEDIA_TYPE = 415
const STATUS_HEADERS_TOO_LARGE = 431

const PACKED_BODY = 'PACKED_BODY'

/** Of a body that would have to be unpacked first. */
export class PackedBodyError extends Error {
  readonly code: typeof PACKED_BODY = PACKED_BODY
}

interface Answer {
  error: MeshError
  /** @default the status of the code */
  status?: number
  headers?: Record<string, string>
}

function toProblem(error: MeshError, status = ERROR_CATALOGUE[error.code].httpStatus): Problem {
  return {
    type: `urn:taskmesh:error:${error.code}`,
    title: STATUS_CODES[status] ?? error.code,
    status,
    detail: error.message,
    code: error.code,
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    retryable: error.retryable
  }
}

export function sendProblem(reply: FastifyReply, answer: Answer): FastifyReply {
  const problem = toProblem(answer.error, answer.status)
  if (problem.status === 429 || problem.status === 503) {
    const retryAfterMs = answer.error.retryAfterMs ?? RETRY_AFTER_MS_DEFAULT
    reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1_000)))
  }
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="taskmesh"')
  return reply
    .code(problem.status)
    .headers(answer.headers ?? {})
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problem))
}

export function methodNotAllowed(error: MeshError, allowed: readonly string[]): Answer {
  return { error, status: STATUS_METHOD_NOT_ALLOWED, headers: { allow: allowed.join(', ') } }
}

/** Turns whatever a route threw into its answer; logs what is the router's own fault. */
export function answerFor(thrown: unknown, request: FastifyRequest, logger?: ApiLogger): Answer {
  if (thrown instanceof MeshError && thrown.code !== 'INTERNAL') {
    if (ERROR_CATALOGUE[thrown.code].blame === 'router' && thrown.cause !== undefined) {
      logger?.warn({ err: thrown, req: request.id }, 'api request failed')
    }
    return { error: thrown }
  }
  const known = frameworkAnswer(thrown)
  if (known !== undefined) return known
  logger?.error(
    { err: thrown, req: request.id, route: request.routeOptions.url },
    'api route broke'
  )
  const error = new MeshError('INTERNAL', 'something went wrong inside the router', {
    hint: `the router's log says what, under request ${request.id}`
  })
  return { error }
}

/** What Fastify and Node refuse before a route runs. */
function frameworkAnswer(thrown: unknown): Answer | undefined {
  const { code, statusCode } = thrown as { code?: string; statusCode?: number }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return {
        error: new MeshError('REQUEST_TOO_LARGE', 'the body is longer than this route takes', {
          hint: `a submission has ${formatBytes(LIMITS.submissionBytesMax)} at most, other requests ${formatBytes(LIMITS.apiRequestBytesMax)}; larger inputs belong in files`
        })
      }
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return {
        status: STATUS_MEDIA_TYPE,
        error: new MeshError('REQUEST_NOT_JSON', 'the body is not declared to be JSON', {
          hint: 'send "content-type: application/json"'
        })
      }
    case PACKED_BODY:
      return {
        status: STATUS_MEDIA_TYPE,
        headers: { 'accept-encoding': 'identity' },
        error: new MeshError('REQUEST_NOT_JSON', 'the body is compressed', {
          path: 'content-encoding',
          hint: 'send it as it is, without content-encoding'
        })
      }
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET':
      return { error: new MeshError('REQUEST_NOT_JSON', 'the body ended before its length') }
    case 'FST_ERR_BAD_URL':
      return { error: new MeshError('FIELD_INVALID', 'the path is not valid percent-encoding') }
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { error: new MeshError('NOT_FOUND', 'a name in the path is longer than any') }
    case undefined:
    default:
      return code?.startsWith('FST_ERR_') === true && statusCode !== undefined && statusCode < 500
        ? { error: new MeshError('FIELD_INVALID', (thrown as Error).message) }
        : undefined
  }
}

/** Answers bytes that are no HTTP request; there is no reply object yet, only the socket. */
export function refuseConnection(thrown: NodeJS.ErrnoException, socket: Socket): void {
  const isNobodyThere = thrown.code === 'ECONNRESET' || !socket.writable
  // Before TLS has begun, there is nothing to write an answer into.
  const isHandshake = thrown.code?.startsWith('ERR_SSL') === true
  if (isNobodyThere || isHandshake || hasBegunAnswer(socket)) {
    socket.destroy()
    return
  }
  const { error, status } = connectionAnswer(thrown.code)
  refuseOn(socket, error, status)
}

/** Writes a refusal by hand, and ends the connection. */
export function refuseOn(
  socket: Duplex,
  error: MeshError,
  status: number = ERROR_CATALOGUE[error.code].httpStatus
): void {
  const body = JSON.stringify(toProblem(error, status))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n` +
      SAFE_HEADER_LINES +
      `content-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    // Whoever sent garbage may never close its side.
    () => socket.destroy()
  )
}

/** Node's own test: a second answer in the middle of a first one would only garble it. */
function hasBegunAnswer(socket: Socket): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: { _headerSent?: boolean } | null }
  return message?._headerSent === true
}

function connectionAnswer(code: string | undefined): Answer {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { error: new MeshError('REQUEST_TIMED_OUT', 'the request did not arrive in time') }
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: STATUS_HEADERS_TOO_LARGE,
        error: new MeshError('REQUEST_TOO_LARGE', 'the address and headers are too long')
      }
    case undefined:
    default:
      return { error: new MeshError('FIELD_INVALID', 'this is not an HTTP request') }
  }
}
