/** Writes an HTTP/1.1 request to a stream: its head, and its body at the pace of the peer. */
import { MeshError } from '../../core/errors.ts'
import { unlessAborted } from '../../core/abort.ts'
import { writePaced } from '../stream-text.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Stream } from '@libp2p/interface'

export interface PeerRequest {
  method: string
  /** Path and query. */
  target: string
  /** The name by which the peer is called. */
  host: string
  headers: Headers
  body: Uint8Array | ReadableStream<Uint8Array> | undefined
}

/** They are about one connection, and there the stream is. */
const OWN_HEADERS = ['connection', 'content-length', 'host', 'transfer-encoding']

const encoder = new TextEncoder()

/** @throws MeshError SESSION_CLOSED where the peer reads no more, the signal's reason, what the body's reader throws */
export async function writeRequest(
  stream: Stream,
  request: PeerRequest,
  options: AbortOptions = {}
): Promise<void> {
  const { body } = request
  const head = encoder.encode(headOf(request))
  if (body instanceof ReadableStream) {
    await writePaced(stream, head, options)
    await writeChunks(stream, body, options)
  } else await writePaced(stream, joined([head, body ?? new Uint8Array()]), options)
}

function headOf({ body, headers, host, method, target }: PeerRequest): string {
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${host}`, 'connection: close']
  for (const [name, value] of headers) {
    if (!OWN_HEADERS.includes(name)) lines.push(`${name}: ${value}`)
  }
  if (body instanceof ReadableStream) lines.push('transfer-encoding: chunked')
  else if (body !== undefined) lines.push(`content-length: ${body.byteLength}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

async function writeChunks(
  stream: Stream,
  body: ReadableStream<Uint8Array>,
  options: AbortOptions
): Promise<void> {
  const reader = body.getReader()
  try {
    for (;;) {
      /* oxlint-disable no-await-in-loop -- one chunk after the other */
      const { done, value } = await unlessAborted(reader.read(), options)
      if (done) break
      if (value.byteLength === 0) continue
      const length = encoder.encode(`${value.byteLength.toString(16)}\r\n`)
      await writePaced(stream, joined([length, value, encoder.encode('\r\n')]), options)
      /* oxlint-enable no-await-in-loop */
    }
    await writePaced(stream, encoder.encode('0\r\n\r\n'), options)
  } catch (cause) {
    // Whoever makes the body need not go on; that it can't be told so any more is of no account.
    reader.cancel(MeshError.from(cause)).catch(() => {})
    throw cause
  }
}

/** One write costs one encryption, however small it is. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only, second] = parts.filter(({ byteLength }) => byteLength > 0)
  if (only !== undefined && second === undefined) return only
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}
