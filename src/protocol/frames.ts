/**
 * The frames of a session: each one CBOR array, positional so that a request costs few bytes. What
 * comes from a stranger is bounded, decoded and checked here; nothing unchecked passes on.
 */
import { LIMITS } from '../core/limits.ts'
import { ERROR_TEXT_MAX, MeshError } from '../core/errors.ts'
import { decodePlainCbor, encodePlainCbor } from './plain-cbor.ts'
import { readTrace } from '../model/trace-context.ts'
import type { Blame, ErrorData } from '../core/errors.ts'
import type { TraceContext } from '../model/trace-context.ts'

/** First element of every frame. Numbers are never reused. */
const KIND = { hello: 0, request: 1, response: 2, cancel: 3, beat: 4, echo: 5, goodbye: 6 } as const

export type Frame =
  | { kind: 'hello'; version: number; agent: string }
  | {
      kind: 'request'
      id: number
      command: string
      to: string | null
      params: Record<string, unknown>
      bulk: Uint8Array | null
      /** The last and optional part: an older node reads the frame without it. */
      trace?: TraceContext | undefined
    }
  | {
      kind: 'response'
      id: number
      error: Partial<ErrorData> | null
      result: Record<string, unknown> | null
      bulk: Uint8Array | null
    }
  | { kind: 'cancel'; id: number }
  /** "Are you there?" with the sender's own load, if it has one. */
  | { kind: 'beat'; number: number; load: unknown }
  | { kind: 'echo'; number: number; load: unknown }
  | { kind: 'goodbye'; code: string; message: string }

/** Plain CBOR: no shared structures, which would tie a frame to the ones before it. */
const LENGTH_BYTES = 4

const BLAMES: Readonly<Record<Blame, true>> = {
  worker: true,
  owner: true,
  network: true,
  router: true,
  job: true,
  caller: true
}

/** A frame with its length before it. @throws MeshError FRAME_TOO_LARGE */
export function encodeFrame(frame: Frame): Uint8Array {
  const payload = encodePlainCbor(toArray(frame))
  if (payload.byteLength > LIMITS.frameBytesMax) {
    throw new MeshError(
      'FRAME_TOO_LARGE',
      `a frame of ${payload.byteLength} bytes is above the limit of ${LIMITS.frameBytesMax}`
    )
  }
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + payload.byteLength)
  bytes.writeUInt32BE(payload.byteLength, 0)
  bytes.set(payload, LENGTH_BYTES)
  return bytes
}

function toArray(frame: Frame): unknown[] {
  switch (frame.kind) {
    case 'hello':
      return [KIND.hello, frame.version, frame.agent]
    case 'request':
      return requestArray(frame)
    case 'response':
      return [KIND.response, frame.id, frame.error, frame.result, frame.bulk]
    case 'cancel':
      return [KIND.cancel, frame.id]
    case 'beat':
      return [KIND.beat, frame.number, frame.load]
    case 'echo':
      return [KIND.echo, frame.number, frame.load]
    case 'goodbye':
      return [KIND.goodbye, frame.code, frame.message]
  }
}

function requestArray(frame: Extract<Frame, { kind: 'request' }>): unknown[] {
  const { bulk, command, id, params, to, trace } = frame
  const parts = [KIND.request, id, command, to, params, bulk]
  return trace === undefined ? parts : [...parts, trace]
}

/** Decodes one frame's payload. @throws MeshError FRAME_INVALID */
export function decodeFrame(payload: Uint8Array): Frame {
  const value = decodePlainCbor(payload, 'a frame')
  const [kind, ...fields] = Array.isArray(value) ? (value as unknown[]) : []
  const read = typeof kind === 'number' ? READERS[kind] : undefined
  const frame = read?.(fields)
  if (frame === undefined) {
    throw new MeshError('FRAME_INVALID', 'a frame does not have the shape of any kind')
  }
  return frame
}

type Reader = (fields: unknown[]) => Frame | undefined

const READERS: Readonly<Record<number, Reader>> = {
  [KIND.hello]: ([version, agent]) =>
    isCount(version) && typeof agent === 'string'
      ? { kind: 'hello', version, agent: agent.slice(0, 100) }
      : undefined,
  [KIND.request]: ([id, command, to, params, bulk, trace]) =>
    isCount(id) &&
    typeof command === 'string' &&
    isTextOrNull(to) &&
    isRecord(params) &&
    isBytesOrNull(bulk)
      ? { kind: 'request', id, command, to, params, bulk, ...tracePart(trace) }
      : undefined,
  [KIND.response]: ([id, error, result, bulk]) =>
    isCount(id) &&
    isErrorOrNull(error) &&
    (result === null || isRecord(result)) &&
    isBytesOrNull(bulk)
      ? { kind: 'response', id, error: error === null ? null : readError(error), result, bulk }
      : undefined,
  [KIND.cancel]: ([id]) => (isCount(id) ? { kind: 'cancel', id } : undefined),
  [KIND.beat]: ([number, load]) => (isCount(number) ? { kind: 'beat', number, load } : undefined),
  [KIND.echo]: ([number, load]) => (isCount(number) ? { kind: 'echo', number, load } : undefined),
  [KIND.goodbye]: ([code, message]) =>
    typeof code === 'string' && typeof message === 'string'
      ? { kind: 'goodbye', code: code.slice(0, 64), message: message.slice(0, 500) }
      : undefined
}

/** What is wrong in it is as good as nothing: no task fails for its trace. */
function tracePart(value: unknown): { trace?: TraceContext } {
  const trace = value === undefined ? undefined : readTrace(value)
  return trace === undefined ? {} : { trace }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0
const isTextOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === 'string'
const isBytesOrNull = (value: unknown): value is Uint8Array | null =>
  value === null || value instanceof Uint8Array
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

function isErrorOrNull(value: unknown): value is Record<'code' | 'message', string> | null {
  return (
    value === null ||
    (isRecord(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string')
  )
}

/** Takes of another's error what has the right shape, and no more than people can read. */
function readError(error: Record<string, unknown>): Partial<ErrorData> {
  const { blame, code, hint, message, path, retryable, task_code: taskCode } = error
  const { retry_after_ms: retryAfterMs } = error
  return {
    code: code as ErrorData['code'],
    message: cut(message as string),
    ...(typeof path === 'string' ? { path: cut(path) } : {}),
    ...(typeof hint === 'string' ? { hint: cut(hint) } : {}),
    ...(typeof taskCode === 'string' ? { task_code: cut(taskCode) } : {}),
    ...(typeof blame === 'string' && Object.hasOwn(BLAMES, blame) ? { blame: blame as Blame } : {}),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(isTime(retryAfterMs) ? { retry_after_ms: retryAfterMs } : {})
  }
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function cut(text: string): string {
  return text.slice(0, ERROR_TEXT_MAX)
}
