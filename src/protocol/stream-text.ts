/** One text in, one text out on a stream: bounded reading up to the other end's close, paced writing, an end that comes. */
import { deferred } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import { ByteGatherer } from './byte-gatherer.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Stream } from '@libp2p/interface'

/** Small enough that one write never fills a stream's window. */
const CHUNK_BYTES = 64 * 1_024

const decoder = new TextDecoder('utf-8', { fatal: true })

export interface ReadOptions extends AbortOptions {
  bytesMax: number
  /** Asked before so many more bytes are kept; throws to refuse them. */
  hold?: (bytes: number) => void
}

/**
 * All that the other end writes until it closes its side. When it rejects, what still comes is discarded.
 * @throws MeshError REQUEST_TOO_LARGE, REQUEST_NOT_JSON (bytes that are not UTF-8), SESSION_CLOSED (the
 * stream was cut off), what `hold` throws, or the signal's reason
 */
export async function readToEnd(stream: Stream, options: ReadOptions): Promise<string> {
  const { bytesMax, hold, signal } = options
  const { promise, resolve, reject } = deferred<void>()
  const gathered = new ByteGatherer()
  // A stream also ends when its connection is lost; only a close by the other end makes a text whole.
  let isWhole = stream.remoteWriteStatus === 'closed' && stream.status === 'open'
  let isReading = true
  const cutOff = (): void =>
    reject(
      new MeshError('SESSION_CLOSED', 'the stream was cut off before the whole text was there')
    )
  const onEnd = (): void => (isWhole ? resolve() : cutOff())
  const onAbort = (): void => reject(signal?.reason)
  stream.addEventListener('message', ({ data }) => {
    if (!isReading) return
    try {
      if (gathered.byteLength + data.byteLength > bytesMax) {
        throw new MeshError('REQUEST_TOO_LARGE', `more than ${bytesMax} bytes were sent`)
      }
      hold?.(data.byteLength)
      gathered.append(data)
    } catch (cause) {
      reject(cause)
    }
  })
  stream.addEventListener('remoteCloseWrite', () => (isWhole = true))
  // `end`, not `remoteCloseWrite`: the close may come before the last bytes have been read.
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', cutOff)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal?.aborted === true) onAbort()
    if (stream.readableEnded) onEnd()
    await promise
    return decode(gathered.take())
  } finally {
    isReading = false
    gathered.take()
    signal?.removeEventListener('abort', onAbort)
    discardInput(stream)
  }
}

/** Lets go of whatever the other end still sends, instead of keeping it for a reader that won't come. */
export function discardInput(stream: Stream): void {
  stream.closeRead().catch((cause: unknown) => stream.abort(MeshError.from(cause)))
}

/** Writes a text at the pace of its reader, then closes the writing side. */
export async function writeAndClose(
  stream: Stream,
  text: string,
  options: AbortOptions
): Promise<void> {
  await writePaced(stream, new TextEncoder().encode(text), options)
  await stream.close(options.signal === undefined ? {} : { signal: options.signal })
}

/** Writes bytes at the pace of their reader. @throws MeshError SESSION_CLOSED, or the signal's reason */
export async function writePaced(
  stream: Stream,
  bytes: Uint8Array,
  options: AbortOptions = {}
): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES) {
    options.signal?.throwIfAborted()
    const hasRoom = stream.send(bytes.subarray(offset, offset + CHUNK_BYTES))
    if (!hasRoom) await drained(stream, options)
  }
}

/**
 * Closes our side, waits for the other end to close its own, and resets the stream if that takes too
 * long: half a stream held open costs as much as a whole one. Never rejects.
 */
export async function closeWithin(stream: Stream, clock: Clock, timeoutMs: number): Promise<void> {
  if (hasEnded(stream)) return
  const { promise, resolve } = deferred<void>()
  stream.addEventListener('close', () => resolve(), { once: true })
  const cancel = clock.after(timeoutMs, () =>
    stream.abort(new MeshError('SESSION_CLOSED', 'the other end did not close the stream in time'))
  )
  try {
    await stream.close()
    if (!hasEnded(stream)) await promise
  } catch (cause) {
    stream.abort(MeshError.from(cause, 'SESSION_CLOSED'))
  } finally {
    cancel()
  }
}

function hasEnded({ status }: Stream): boolean {
  return status === 'closed' || status === 'aborted' || status === 'reset'
}

/** A text that was cut off somewhere, though its stream has ended well: who began it may have been stopped by then. */
export function cutShort(cause: unknown): MeshError {
  return new MeshError('REQUEST_NOT_JSON', 'the text ends before its JSON does', {
    hint: 'send one whole JSON value, in UTF-8, before you close the stream',
    blame: 'network',
    cause
  })
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    if (endsWithinLetter(bytes)) throw cutShort(cause)
    throw new MeshError('REQUEST_NOT_JSON', 'the text is not UTF-8', { cause })
  }
}

function endsWithinLetter(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

function drained(stream: Stream, options: AbortOptions): Promise<void> {
  const { promise, resolve, reject } = deferred<void>()
  const onDrain = (): void => resolve()
  const onClose = (): void =>
    reject(new MeshError('SESSION_CLOSED', 'the stream was closed while writing'))
  const onAbort = (): void => reject(options.signal?.reason)
  stream.addEventListener('drain', onDrain, { once: true })
  stream.addEventListener('close', onClose, { once: true })
  options.signal?.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    stream.removeEventListener('drain', onDrain)
    stream.removeEventListener('close', onClose)
    options.signal?.removeEventListener('abort', onAbort)
  })
}
