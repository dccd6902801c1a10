/** Cuts a stream of bytes into frames: a length of four bytes, then as many bytes. Allocates nothing on the word of a length. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { ByteGatherer } from './byte-gatherer.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

const LENGTH_BYTES = 4

export class FrameReader {
  /** The beginning of a frame that is not yet whole. */
  readonly #rest = new ByteGatherer()
  /** How much must have arrived before there is anything to do. */
  #neededBytes = LENGTH_BYTES

  /** How long the frame is that is not yet whole; 0 while nobody knows. */
  get comingBytes(): number {
    return this.#neededBytes > LENGTH_BYTES ? this.#neededBytes : 0
  }

  /** Bytes held for the frame that is not yet whole. */
  get heldBytes(): number {
    return this.#rest.byteLength
  }

  /**
   * Takes bytes as they arrive and gives back the frames that are now whole.
   * @throws MeshError FRAME_TOO_LARGE as soon as a length above the limit is read
   */
  push(bytes: Uint8Array | Uint8ArrayList): Uint8Array[] {
    if (this.#rest.byteLength === 0) {
      return this.#cut(bytes instanceof Uint8Array ? bytes : bytes.subarray())
    }
    this.#rest.append(bytes)
    return this.#rest.byteLength < this.#neededBytes ? [] : this.#cut(this.#rest.take())
  }

  #cut(received: Uint8Array): Uint8Array[] {
    const view = new DataView(received.buffer, received.byteOffset, received.byteLength)
    const frames: Uint8Array[] = []
    let offset = 0
    this.#neededBytes = LENGTH_BYTES
    while (received.byteLength - offset >= LENGTH_BYTES) {
      const length = view.getUint32(offset)
      if (length > LIMITS.frameBytesMax) {
        throw new MeshError(
          'FRAME_TOO_LARGE',
          `a frame of ${length} bytes was announced; the limit is ${LIMITS.frameBytesMax}`
        )
      }
      const end = offset + LENGTH_BYTES + length
      if (end > received.byteLength) {
        this.#neededBytes = LENGTH_BYTES + length
        break
      }
      frames.push(received.subarray(offset + LENGTH_BYTES, end))
      offset = end
    }
    if (offset < received.byteLength) this.#rest.append(received.subarray(offset))
    return frames
  }
}
