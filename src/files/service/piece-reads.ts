/**
 * Reads pieces for those who ask by command, few at a time: an answer has only some of a piece, and a thousand
 * who ask at once shall not have a thousand pieces in memory.
 */
import { deferred } from '../../core/abort.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import type { FileLibrary } from '../store/library.ts'

/** Pieces in memory at the same time, of 16 MiB at most. */
const READS_MAX = 4

export class PieceReads {
  readonly #library: Pick<FileLibrary, 'readPiece'>
  readonly #waiting: (() => void)[] = []
  #readingCount = 0

  constructor(library: Pick<FileLibrary, 'readPiece'>) {
    this.#library = library
  }

  /** @throws MeshError TOO_MANY_REQUESTS; as `FileLibrary.readPiece` does */
  async read(id: string, index: number): Promise<Uint8Array> {
    await this.#turn()
    try {
      return await this.#library.readPiece(id, index)
    } finally {
      const next = this.#waiting.shift()
      // It has the turn of the one that ends.
      if (next === undefined) this.#readingCount -= 1
      else next()
    }
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
