/** One piece on its way from one peer: which of its ranges are asked for, and which are to be asked for, perhaps once more. Pure. */
import { LEAF_BYTES } from '../content/content-tree.ts'
import type { AskingStream } from '../exchange/asking-stream.ts'

/** A stream by which a file is had from a peer. */
export interface Way {
  stream: AskingStream
  /** The file's number there. */
  file: number
  /** Asked for there, and not here. */
  bytes: number
}

interface Stretch {
  offset: number
  bytes: number
}

export interface Range extends Stretch {
  way: Way
  /** Its number there. */
  request: number
  receivedBytes: number
  askedAtMs: number
  isAlone: boolean
}

export interface ComingPieceInit {
  piece: number
  bytes: number
  buffer: Uint8Array
  askedAtMs: number
  /** How long it should take; undefined while nobody can tell. */
  expectedMs: number | undefined
}

export class ComingPiece {
  readonly piece: number
  readonly bytes: number
  readonly buffer: Uint8Array
  readonly askedAtMs: number
  readonly expectedMs: number | undefined
  readonly ranges = new Set<Range>()
  receivedBytes = 0
  #askedBytes = 0
  /** Of what was asked for: what did not come, as its way has gone. */
  readonly #lost: Stretch[] = []

  constructor({ askedAtMs, buffer, bytes, expectedMs, piece }: ComingPieceInit) {
    this.piece = piece
    this.bytes = bytes
    this.buffer = buffer
    this.askedAtMs = askedAtMs
    this.expectedMs = expectedMs
  }

  get isWhole(): boolean {
    return this.receivedBytes === this.bytes
  }

  get hasBegun(): boolean {
    return this.#askedBytes > 0
  }

  /** All of it is here or asked for. */
  get isAsked(): boolean {
    return this.#askedBytes === this.bytes && this.#lost.length === 0
  }

  /** What to ask for next, and counts it as asked for. */
  nextStretch(bytesMax: number): Stretch {
    const lost = this.#lost.shift()
    if (lost === undefined) {
      const offset = this.#askedBytes
      const bytes = Math.min(bytesMax, this.bytes - offset)
      this.#askedBytes += bytes
      return { offset, bytes }
    }
    const { bytes, offset } = lost
    if (bytes > bytesMax) {
      this.#lost.unshift({ offset: offset + bytesMax, bytes: bytes - bytesMax })
    }
    return { offset, bytes: Math.min(bytes, bytesMax) }
  }

  /** The way of a range has gone: what did not come is to be asked for again. @returns bytes that came in vain */
  lose(range: Range): number {
    const { bytes, offset, receivedBytes } = range
    // Ranges lie on leaves.
    const keptBytes = receivedBytes - (receivedBytes % LEAF_BYTES)
    this.ranges.delete(range)
    this.receivedBytes -= receivedBytes - keptBytes
    this.#lost.push({ offset: offset + keptBytes, bytes: bytes - keptBytes })
    return receivedBytes - keptBytes
  }
}
