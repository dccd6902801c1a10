/**
 * Cuts the bytes of a piece stream into messages. The bytes of a block are passed on as they come, so that
 * each is copied once, to where it belongs. Allocates nothing on the word of a length.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { ByteGatherer } from '../../protocol/byte-gatherer.ts'
import { LENGTH_BYTES, decodeMessage } from './messages.ts'
import { notePassing } from './passing-bytes.ts'
import type { Stream } from '@libp2p/interface'
import type { PieceMessage } from './messages.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface MessageSink {
  onMessage: (message: PieceMessage) => void
  /** Some of the bytes of the block that came last. */
  onBody: (part: Uint8Array) => void
}

export interface StreamListener {
  /** Nothing of it is read any more. */
  isOver: () => boolean
  onFailure: (error: MeshError) => void
  /** The other end has ended, or the way to it. May be called twice. */
  onEnd: () => void
}

/** Reads a piece stream to its end, also one that has ended already. */
export function readStream(
  stream: Stream,
  reader: MessageReader,
  { isOver, onEnd, onFailure }: StreamListener
): void {
  stream.addEventListener('message', ({ data }) => {
    try {
      if (!isOver()) reader.push(data)
    } catch (cause) {
      onFailure(MeshError.from(cause))
    }
  })
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', onEnd)
  if (stream.readableEnded) queueMicrotask(onEnd)
}

export class MessageReader {
  readonly #sink: MessageSink
  /** The beginning of a message. */
  readonly #head = new ByteGatherer()
  #headBytes = LENGTH_BYTES
  /** What is to come of a block. */
  #bodyBytes = 0

  constructor(sink: MessageSink) {
    this.#sink = sink
  }

  /** @throws MeshError FRAME_TOO_LARGE, FRAME_INVALID, and what the sink throws; it is of no use after that */
  push(bytes: Uint8Array | Uint8ArrayList): void {
    notePassing(bytes.byteLength)
    for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) this.#take(part)
  }

  #take(part: Uint8Array): void {
    for (let offset = 0; offset < part.byteLength;) {
      const wanted = this.#bodyBytes || this.#headBytes - this.#head.byteLength
      const taken = part.subarray(offset, offset + wanted)
      offset += taken.byteLength
      if (this.#bodyBytes === 0) this.#takeHead(taken)
      else {
        this.#bodyBytes -= taken.byteLength
        this.#sink.onBody(taken)
      }
    }
  }

  #takeHead(taken: Uint8Array): void {
    this.#head.append(taken)
    if (this.#head.byteLength < this.#headBytes) return
    const head = this.#head.take()
    if (this.#headBytes === LENGTH_BYTES) {
      const length = new DataView(head.buffer, head.byteOffset).getUint32(0)
      if (length > LIMITS.pieceMessageBytesMax) throw tooLarge(length)
      this.#headBytes = LENGTH_BYTES + length
      this.#head.append(head)
      if (length > 0) return
    }
    this.#headBytes = LENGTH_BYTES
    const message = decodeMessage(head.subarray(LENGTH_BYTES))
    if (message.kind === 'block') this.#bodyBytes = message.bytes
    this.#sink.onMessage(message)
  }
}

function tooLarge(length: number): MeshError {
  return new MeshError(
    'FRAME_TOO_LARGE',
    `a message of ${length} bytes was announced; the limit is ${LIMITS.pieceMessageBytesMax}`
  )
}
