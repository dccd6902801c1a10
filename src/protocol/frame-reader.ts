/** Cuts a stream of bytes into frames: a length of four bytes, then as many bytes. Allocates nothing before a length was checked. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

const LENGTH_BYTES = 4

export class FrameReader {
  #chunks: Uint8Array[] = []
  #receivedBytes = 0
  /** How much must have arrived before there is anything to do. */
  #neededBytes = LENGTH_BYTES

  /**
   * Takes bytes as they arrive and gives back the frames that are now whole.
   * @throws MeshError FRAME_TOO_LARGE as soon as a length above the limit is read
   */
  push(bytes: Uint8Array | Uint8ArrayList): Uint8Array[] {
    const chunk = bytes instanceof Uint8Array ? bytes : bytes.subarray()
    this.#chunks.push(chunk)
    this.#receivedBytes += chunk.byteLength
    return this.#receivedBytes < this.#neededBytes ? [] : this.#cut()
  }

  #cut(): Uint8Array[] {
    const received =
      this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks)
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
    this.#chunks = [received.subarray(offset)]
    this.#receivedBytes = received.byteLength - offset
    return frames
  }
}
