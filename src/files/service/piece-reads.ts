/**
 * Reads of pieces what somebody asks for by command, few at a time: a thousand who ask at once shall not have a
 * thousand answers in memory.
 */
import { deferred } from '../../core/abort.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { notHere } from '../store/disk-errors.ts'
import { pieceSpan, planOf } from '../content/piece-plan.ts'
import type { FileLibrary } from '../store/library.ts'

/** Some of a piece, as it is asked for: there may be less. */
export interface Stretch {
  offset: number
  length: number
}

export interface ReadStretch {
  bytes: Uint8Array
  /** Of the whole piece. */
  pieceBytes: number
}

/** In memory at the same time. */
const READS_MAX = 4

export class PieceReads {
  readonly #library: Pick<FileLibrary, 'get' | 'readPiece'>
  readonly #waiting: (() => void)[] = []
  #readingCount = 0

  constructor(library: Pick<FileLibrary, 'get' | 'readPiece'>) {
    this.#library = library
  }

  /** @throws MeshError TOO_MANY_REQUESTS; FIELD_INVALID where there is no such stretch; as `FileLibrary.readPiece` does */
  async read(id: string, index: number, { length, offset }: Stretch): Promise<ReadStretch> {
    await this.#turn()
    try {
      const pieceBytes = this.#bytesOf(id, index)
      if (offset >= pieceBytes) throw beyond('offset', `the piece has ${pieceBytes} bytes`)
      // Not the whole piece: a question of some bytes shall not cost the disk 16 MiB.
      const range = { offset, bytes: Math.min(length, pieceBytes - offset) }
      return { bytes: await this.#library.readPiece(id, index, range), pieceBytes }
    } finally {
      const next = this.#waiting.shift()
      // It has the turn of the one that ends.
      if (next === undefined) this.#readingCount -= 1
      else next()
    }
  }

  #bytesOf(id: string, index: number): number {
    const file = this.#library.get(id)
    if (file === undefined) throw notHere(id)
    const plan = planOf(file.sizeBytes, file.pieceBytes)
    if (index < plan.count) return pieceSpan(plan, index).bytes
    throw beyond('piece_index', `${id} has ${plan.count} pieces, and none at ${index}`)
  }

  async #turn(): Promise<void> {
    if (this.#readingCount < READS_MAX) {
      this.#readingCount += 1
      return
    }
    if (this.#waiting.length >= LIMITS.sessionRequestsMax) {
      throw new MeshError('TOO_MANY_REQUESTS', 'too many pieces are asked for at once', {
        hint: 'ask again when some have come'
      })
    }
    const { promise, resolve } = deferred<void>()
    this.#waiting.push(resolve)
    await promise
  }
}

export function beyond(field: string, message: string): MeshError {
  return new MeshError('FIELD_INVALID', message, { path: `params.${field}` })
}
