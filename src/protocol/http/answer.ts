/**
 * Reads an HTTP/1.1 answer off a stream: its head, and its body as it comes. Only bodies that say where they end are
 * taken: of any other nobody could tell an end from a connection that was lost.
 */
import { MeshError } from '../../core/errors.ts'
import type { ByteSource } from './byte-source.ts'

export interface AnswerHead {
  status: number
  headers: Headers
  /** In bytes; undefined for one that comes in chunks. */
  bodyBytes: number | undefined
}

/** As much as Node's own client takes. */
const HEAD_BYTES_MAX = 16 * 1_024
/** Of a chunk's length; what may follow it means nothing to us. */
const CHUNK_LINE_BYTES_MAX = 256
/** Of a body, handed on at a time. */
const PART_BYTES_MAX = 64 * 1_024

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$)/
const HEADER_LINE = /^([!#$%&'*+.^_`|~\dA-Za-z-]+):[ \t]*(.*?)[ \t]*$/
/** Answers that have no body, whatever their headers say. */
const BODILESS = [204, 205, 304]

/** @throws MeshError RESPONSE_INVALID, SESSION_CLOSED */
export async function readHead(source: ByteSource, method: string): Promise<AnswerHead> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- what comes before the answer says nothing of it
    const head = await readOneHead(source)
    if (head.status < 200) continue
    const isBodiless = method === 'HEAD' || BODILESS.includes(head.status)
    return { ...head, bodyBytes: isBodiless ? 0 : bodyBytesOf(head.headers) }
  }
}

/** The parts of a body, until it is whole. @throws MeshError RESPONSE_INVALID, SESSION_CLOSED */
export async function* readBody(
  source: ByteSource,
  { bodyBytes }: AnswerHead
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (bodyBytes !== undefined) return yield* stretch(source, bodyBytes)
  for (;;) {
    /* oxlint-disable no-await-in-loop -- one chunk after the other */
    const length = chunkBytesOf(await source.line(CHUNK_LINE_BYTES_MAX))
    if (length === 0) return await skipTrailers(source)
    yield* stretch(source, length)
    if ((await source.line(CHUNK_LINE_BYTES_MAX)) !== '') throw invalid('a chunk has no end')
    /* oxlint-enable no-await-in-loop */
  }
}

async function* stretch(
  source: ByteSource,
  bytes: number
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let left = bytes; left > 0;) {
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    const part = await source.some(Math.min(left, PART_BYTES_MAX))
    if (part === undefined) throw new MeshError('SESSION_CLOSED', 'the answer is not whole')
    left -= part.byteLength
    yield part as Uint8Array<ArrayBuffer>
  }
}

async function readOneHead(source: ByteSource): Promise<Omit<AnswerHead, 'bodyBytes'>> {
  const first = await source.line(HEAD_BYTES_MAX)
  const status = Number(STATUS_LINE.exec(first)?.[1])
  if (Number.isNaN(status)) throw invalid('this is no HTTP answer')
  const headers = new Headers()
  let bytes = first.length
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one line after the other
    const line = await source.line(HEAD_BYTES_MAX)
    if (line === '') return { status, headers }
    bytes += line.length
    const [, name, value = ''] = HEADER_LINE.exec(line) ?? []
    if (name === undefined || bytes > HEAD_BYTES_MAX) throw invalid('its headers are none')
    headers.append(name, value)
  }
}

async function skipTrailers(source: ByteSource): Promise<void> {
  let bytes = 0
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one line after the other
    const line = await source.line(HEAD_BYTES_MAX)
    bytes += line.length
    if (line === '') return
    if (bytes > HEAD_BYTES_MAX) throw invalid('its trailers have no end')
  }
}

function bodyBytesOf(headers: Headers): number | undefined {
  const encoding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (encoding?.toLowerCase() === 'chunked') return undefined
  if (encoding !== null) throw invalid('its body is encoded in an unknown way')
  if (length !== null && /^\d{1,15}$/.test(length)) return Number(length)
  throw invalid('it does not say where its body ends')
}

function chunkBytesOf(line: string): number {
  const digits = /^([\da-f]{1,12})[ \t]*(?:;|$)/i.exec(line)?.[1]
  if (digits === undefined) throw invalid('a chunk has no length')
  return Number.parseInt(digits, 16)
}

function invalid(why: string): MeshError {
  return new MeshError('RESPONSE_INVALID', `the peer's answer is not HTTP: ${why}`)
}
