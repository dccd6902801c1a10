/** One file that is handed in piece by piece, by one or several at once who have the same bytes. */
import { MeshError } from '../../core/errors.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import type { PartFile } from '../store/part-file.ts'
import type { PieceSet } from '../content/piece-set.ts'

export interface UploadInit {
  /** The file is whole. */
  onWhole: () => void
  /** It is open no longer, whole or not. */
  onClosed: () => void
}

export class Upload {
  readonly #part: PartFile
  readonly #init: UploadInit
  #writerCount = 0
  #ending: Promise<void> | undefined
  /** When somebody last handed in something, on the monotonic clock. */
  usedAtMs: number

  constructor(part: PartFile, nowMs: number, init: UploadInit) {
    this.#part = part
    this.#init = init
    this.usedAtMs = nowMs
  }

  get verified(): PieceSet {
    return this.#part.verified
  }

  /** Nobody is handing in a piece. */
  get isIdle(): boolean {
    return this.#writerCount === 0 && this.#ending === undefined
  }

  /**
   * Takes a piece in; the last one makes the file whole.
   * @throws MeshError FIELD_INVALID where the file has no such piece, PIECE_INVALID where these are not its
   * bytes; STORE_FULL or STORE_FAILED, after which what has come is kept
   */
  async put(index: number, body: AsyncIterable<Uint8Array>, nowMs: number): Promise<void> {
    this.usedAtMs = nowMs
    this.#writerCount += 1
    try {
      const piece = this.verified.has(index) ? undefined : await this.#read(index, body)
      if (piece !== undefined) await this.#write(index, piece)
      if (this.verified.isFull) await this.finish()
    } finally {
      this.#writerCount -= 1
    }
  }

  /** All pieces are here. */
  finish(): Promise<void> {
    this.#ending ??= this.#finish()
    return this.#ending
  }

  /** Puts it aside: what has come is kept. Never rejects. */
  close(): Promise<void> {
    this.#ending ??= this.#part
      .close()
      .catch(() => {})
      .finally(this.#init.onClosed)
    return this.#ending.catch(() => {})
  }

  /** How many bytes a piece has. @throws MeshError FIELD_INVALID */
  bytesOf(index: number): number {
    const { id, plan } = this.#part.manifest
    if (Number.isInteger(index) && index >= 0 && index < plan.count) {
      return pieceSpan(plan, index).bytes
    }
    throw new MeshError('FIELD_INVALID', `${id} has ${plan.count} pieces, and none at ${index}`, {
      path: 'index'
    })
  }

  async #read(index: number, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const piece = new Uint8Array(this.bytesOf(index))
    let filled = 0
    for await (const chunk of body) {
      // What is too much is read to its end all the same, so that the refusal arrives.
      if (filled + chunk.length <= piece.length) piece.set(chunk, filled)
      filled += chunk.length
    }
    if (filled !== piece.length) throw wrongLength(index, piece.length, filled)
    return piece
  }

  async #write(index: number, piece: Uint8Array): Promise<void> {
    // Another may have brought it meanwhile, or have found the disk full.
    if (this.verified.has(index)) return
    if (this.#ending !== undefined) throw notHandedIn(this.#part.manifest.id)
    try {
      await this.#part.write(index, piece)
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.code === 'PIECE_INVALID') throw wrongBytes(error)
      // Nothing can be written to it any more; announced again, it begins with what the disk has.
      await this.close()
      throw error
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#part.finish()
      this.#init.onWhole()
    } finally {
      this.#init.onClosed()
    }
  }
}

export function notHandedIn(id: string): MeshError {
  return new MeshError('FILE_NOT_FOUND', `${id} is not being handed in`, {
    path: 'id',
    hint: 'announce it with its manifest first: POST /v1/files'
  })
}

function wrongLength(index: number, wanted: number, came: number): MeshError {
  return wrongBytes(
    new MeshError('PIECE_INVALID', `piece ${index} has ${wanted} bytes, and ${came} came`)
  )
}

/** Where a file is handed in, nobody else will bring the piece. */
function wrongBytes({ message }: MeshError): MeshError {
  return new MeshError('PIECE_INVALID', message, {
    path: 'index',
    hint: 'has the file changed since it was hashed? announce it anew',
    blame: 'caller',
    retryable: false
  })
}
