/**
 * A file that is on its way here: its pieces are written where they belong, each checked first. What is
 * on the disk is written down only after the disk has it (data, then fdatasync, then the record, in
 * batches), so whatever kills this node costs at most the last batch, and nothing is claimed that is
 * not there.
 */
import { open } from 'node:fs/promises'
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { isPieceOf } from '../content/manifest.ts'
import { PieceSet } from '../content/piece-set.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import { toStoreError } from './disk-errors.ts'
import type { FileHandle } from 'node:fs/promises'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FileManifest } from '../content/manifest.ts'

export interface PartFileComponents {
  clock: Clock
  /** Writes down which pieces are on the disk. */
  record: (verified: Uint8Array) => void
  /** The file is whole and closed: puts it where whole files are. */
  complete: () => Promise<void>
  /** It is closed, whole or not. */
  onClosed: () => void
}

export interface PartFileInit {
  manifest: FileManifest
  /** Where its bytes lie. */
  path: string
  /** The pieces that earlier runs have written down. */
  verified: Uint8Array | undefined
}

/** Written down together: some tenths of a second at a disk's usual pace. */
const BATCH_BYTES = 8 * 2 ** 20
/** What may wait for a slow disk before writers wait as well. */
const WAITING_BYTES_MAX = 4 * BATCH_BYTES
/** What comes slowly is written down after this time. */
const BATCH_MS = 1_000

export class PartFile {
  readonly manifest: FileManifest
  readonly #components: PartFileComponents
  readonly #path: string
  readonly #handle: FileHandle
  readonly #verified: PieceSet
  /** Written and not yet written down. */
  #waitingBytes = 0
  #cancelTimer: CancelTimer | undefined
  #flushing: Promise<void> | undefined
  /** Why it cannot be used any more: the disk has lost what it had taken. */
  #failure: MeshError | undefined
  readonly #writing = new Set<Promise<void>>()
  #closing: Promise<void> | undefined

  private constructor(
    components: PartFileComponents,
    { manifest, path, verified }: PartFileInit,
    handle: FileHandle
  ) {
    const { count } = manifest.plan
    this.manifest = manifest
    this.#components = components
    this.#path = path
    this.#handle = handle
    this.#verified =
      verified === undefined ? new PieceSet(count) : PieceSet.fromBytes(verified, count)
  }

  /**
   * Opens or creates it, at its full length without taking the room yet (where the system has sparse files).
   * @throws MeshError STORE_FULL or STORE_FAILED
   */
  static async open(components: PartFileComponents, init: PartFileInit): Promise<PartFile> {
    const { path } = init
    const { sizeBytes } = init.manifest.plan
    let handle: FileHandle | undefined
    try {
      handle = await open(path, 'r+').catch(() => open(path, 'wx+', 0o600))
      const { size } = await handle.stat()
      const isSound = size === sizeBytes
      if (!isSound) await handle.truncate(sizeBytes)
      // What somebody else has cut is not believed to hold anything.
      return new PartFile(components, isSound ? init : { ...init, verified: undefined }, handle)
    } catch (cause) {
      await handle?.close()
      throw toStoreError(cause, path)
    }
  }

  /** The pieces that are here and right. It grows as pieces are written, and is not to be changed. */
  get verified(): PieceSet {
    return this.#verified
  }

  /**
   * Checks a piece and writes it. Several may be written at once.
   * @throws MeshError PIECE_INVALID where it is not that piece, and nothing has happened; STORE_FULL or
   * STORE_FAILED, after which it is to be closed, and may be opened again
   */
  async write(index: number, piece: Uint8Array): Promise<void> {
    this.#assertUsable()
    if (this.#verified.has(index)) return
    const writing = this.#write(index, piece)
    this.#writing.add(writing)
    await writing.finally(() => this.#writing.delete(writing))
    if (this.#closing === undefined) this.#planFlush()
  }

  /**
   * The file is whole: it becomes one that this node has, and survives a power cut.
   * @throws MeshError STORE_FULL or STORE_FAILED; it may be opened again and finished then
   */
  async finish(): Promise<void> {
    assert(this.#verified.isFull, 'a file is finished that is whole')
    await this.close()
    await this.#components.complete()
  }

  /**
   * Writes down what is here, so that it goes on from there another time. May be called twice.
   * @throws MeshError STORE_FULL or STORE_FAILED where that fails now, and not where it failed before
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await Promise.allSettled(this.#writing)
      // One may be under way that began before the last piece.
      while (this.#waitingBytes > 0 && this.#failure === undefined) {
        // oxlint-disable-next-line no-await-in-loop -- the second, if any, is the last
        await this.#flush()
      }
    } finally {
      this.#cancelTimer?.()
      await this.#handle.close()
      this.#components.onClosed()
    }
  }

  async #write(index: number, piece: Uint8Array): Promise<void> {
    if (!isPieceOf(this.manifest, index, piece)) {
      throw new MeshError('PIECE_INVALID', `that is not piece ${index} of ${this.manifest.id}`)
    }
    if (this.#waitingBytes >= WAITING_BYTES_MAX) await this.#flush()
    await this.#writeAt(piece, pieceSpan(this.manifest.plan, index).offset)
    this.#verified.add(index)
    this.#waitingBytes += piece.length
  }

  #planFlush(): void {
    if (this.#failure !== undefined) return
    if (this.#waitingBytes >= BATCH_BYTES) this.#flushLater()
    else this.#cancelTimer ??= this.#components.clock.after(BATCH_MS, () => this.#flushLater())
  }

  /** Whoever uses it next is told of a failure. */
  #flushLater(): void {
    if (this.#closing === undefined) this.#flush().catch(() => {})
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#writeDown().finally(() => {
      this.#flushing = undefined
      if (this.#waitingBytes > 0 && this.#closing === undefined) this.#planFlush()
    })
    return this.#flushing
  }

  async #writeDown(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#failure !== undefined) throw this.#failure
    const bytes = this.#waitingBytes
    const verified = this.#verified.toBytes()
    try {
      await this.#handle.datasync()
      this.#components.record(verified)
      this.#waitingBytes -= bytes
    } catch (cause) {
      // A system that could not write a page may drop it and say so once: only the record is believed.
      this.#failure = toStoreError(cause, this.#path)
      throw this.#failure
    }
  }

  async #writeAt(piece: Uint8Array, offset: number): Promise<void> {
    try {
      for (let done = 0; done < piece.length;) {
        const left = piece.length - done
        // oxlint-disable-next-line no-await-in-loop -- once, as a rule: a full disk takes less
        const { bytesWritten } = await this.#handle.write(piece, done, left, offset + done)
        done += bytesWritten
      }
    } catch (cause) {
      throw toStoreError(cause, this.#path)
    }
  }

  #assertUsable(): void {
    assert(this.#closing === undefined, 'a part is used while it is open')
    if (this.#failure !== undefined) throw this.#failure
  }
}
