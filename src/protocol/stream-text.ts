/** One text in, one text out on a stream: bounded reading up to the other end's close, paced writing. */
import { deferred } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Stream } from '@libp2p/interface'

/** Small enough that one write never fills a stream's window. */
const CHUNK_BYTES = 64 * 1_024

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * All that the other end writes until it closes its side.
 * @throws MeshError REQUEST_TOO_LARGE, REQUEST_NOT_JSON (bytes that are not UTF-8), SESSION_CLOSED (stream reset)
 */
export function readToEnd(stream: Stream, bytesMax: number): Promise<string> {
  const { promise, resolve, reject } = deferred<string>()
  const chunks: Uint8Array[] = []
  let bytes = 0
  stream.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
    if (bytes > bytesMax) {
      chunks.length = 0
      reject(new MeshError('REQUEST_TOO_LARGE', `more than ${bytesMax} bytes were sent`))
      stream.closeRead().catch((cause: unknown) => stream.abort(MeshError.from(cause)))
    } else chunks.push(data instanceof Uint8Array ? data : data.subarray())
  })
  // `end`, not `remoteCloseWrite`: the close may come before the last bytes have been read.
  const finish = (): void => {
    if (stream.status === 'aborted' || stream.status === 'reset') return
    try {
      resolve(decoder.decode(Buffer.concat(chunks)))
    } catch (cause) {
      reject(new MeshError('REQUEST_NOT_JSON', 'the text is not UTF-8', { cause }))
    }
  }
  if (stream.readableEnded) finish()
  else stream.addEventListener('end', finish)
  stream.addEventListener('close', () => {
    reject(
      new MeshError('SESSION_CLOSED', 'the stream was closed before the whole text had arrived')
    )
  })
  return promise
}

/** Writes a text at the pace of its reader, then closes the writing side. */
export async function writeAndClose(
  stream: Stream,
  text: string,
  options: AbortOptions
): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES) {
    options.signal?.throwIfAborted()
    const hasRoom = stream.send(bytes.subarray(offset, offset + CHUNK_BYTES))
    if (!hasRoom) await drained(stream, options)
  }
  await stream.close(options.signal === undefined ? {} : { signal: options.signal })
}

function drained(stream: Stream, options: AbortOptions): Promise<void> {
  const { promise, resolve, reject } = deferred<void>()
  const onClose = (): void =>
    reject(new MeshError('SESSION_CLOSED', 'the stream was closed while writing'))
  const onAbort = (): void => reject(options.signal?.reason)
  stream.addEventListener('drain', () => resolve(), { once: true })
  stream.addEventListener('close', onClose, { once: true })
  options.signal?.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    stream.removeEventListener('close', onClose)
    options.signal?.removeEventListener('abort', onAbort)
  })
}
