/** The pieces that are being given, so that one read serves all blocks of a piece and all who ask for it. */
import { LIMITS } from '../../core/limits.ts'
import type { FileLibrary } from '../store/library.ts'

type Reader = Pick<FileLibrary, 'readPiece'>

export class PieceCache {
  readonly #library: Reader
  /** By file and piece, the one used last at the end. */
  readonly #pieces = new Map<string, { id: string; bytes: Uint8Array }>()
  readonly #reading = new Map<string, Promise<Uint8Array>>()
  #bytes = 0

  constructor(library: Reader) {
    this.#library = library
  }

  /** Those kept. */
  get byteLength(): number {
    return this.#bytes
  }

  /**
   * @param onRead the disk is read for this caller, and how much
   * @throws MeshError as `FileLibrary.readPiece` does
   */
  async read(id: string, index: number, onRead: (bytes: number) => void): Promise<Uint8Array> {
    const key = `${index} ${id}`
    const kept = this.#pieces.get(key)
    if (kept !== undefined) {
      this.#pieces.delete(key)
      this.#pieces.set(key, kept)
      return kept.bytes
    }
    const under = this.#reading.get(key)
    if (under !== undefined) return under
    const reading = this.#read(key, id, index)
    this.#reading.set(key, reading)
    const bytes = await reading
    onRead(bytes.byteLength)
    return bytes
  }

  /** A file is not given any more. */
  forget(id: string): void {
    for (const [key, piece] of this.#pieces) if (piece.id === id) this.#drop(key)
  }

  async #read(key: string, id: string, index: number): Promise<Uint8Array> {
    try {
      const bytes = await this.#library.readPiece(id, index)
      this.#pieces.set(key, { id, bytes })
      this.#bytes += bytes.byteLength
      for (const [oldest] of this.#pieces) {
        if (this.#bytes <= LIMITS.servedPieceBytesMax) break
        this.#drop(oldest)
      }
      return bytes
    } finally {
      this.#reading.delete(key)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#pieces.get(key)?.bytes.byteLength ?? 0
    this.#pieces.delete(key)
  }
}
