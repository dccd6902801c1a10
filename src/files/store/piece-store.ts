/**
 * Where the bytes are: parts and blobs of the store's own, and paths of the owner's. It reads pieces from
 * wherever they lie and gives out none of a shared file that is not what it was. Its folder:
 *
 *     index.db                 what is where
 *     blobs/9f/9f86d0…         whole files, by their id
 *     parts/9f86d0…            files on their way
 */
import { rmSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { assert } from '../../core/assert.ts'
import { BlobCommits } from './blob-commits.ts'
import { MeshError } from '../../core/errors.ts'
import { PieceSet } from '../content/piece-set.ts'
import { planOf, pieceSpan } from '../content/piece-plan.ts'
import { OpenFiles } from './open-files.ts'
import { OwnPlaces, digitsOf } from './own-places.ts'
import { PartFile } from './part-file.ts'
import { changed, notHere, toFileError, toStoreError } from './disk-errors.ts'
import { copyPlain, moveFile } from './file-moves.ts'
import { openPlainFile, stampOf } from './file-stamp.ts'
import { readWhole } from './read-whole.ts'
import type { Clock } from '../../core/clock.ts'
import type { FileEntry, FileIndex, SharedPath } from './file-index.ts'
import type { FileManifest } from '../content/manifest.ts'
import type { Hasher } from './hasher.ts'
import type { LeftFile } from './file-intake.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PiecePlan } from '../content/piece-plan.ts'

export interface PieceStoreComponents {
  clock: Clock
  index: FileIndex
  logger: Logger
}

/** Some of a piece. */
export interface PieceRange {
  /** In the piece. */
  offset: number
  bytes: number
  /** Memory of that size to read into. @default new memory */
  into?: Uint8Array
}

/** Where bytes lie in a file. */
interface Place {
  offset: number
  bytes: number
  into?: Uint8Array
  /** Of the file. */
  sizeBytes: number
}

/** In which `stat` counts, on every system. */
const BLOCK_BYTES = 512
/** How old the note of a file's last use may get: it need not be written for each piece. */
const USE_MS = 60_000

export class PieceStore {
  readonly #components: PieceStoreComponents
  readonly #own: OwnPlaces
  readonly #openFiles = new OpenFiles()
  readonly #commits: BlobCommits
  readonly #parts = new Map<string, PartFile>()
  /** Parts that are about to be open. */
  readonly #opening = new Set<string>()

  constructor(components: PieceStoreComponents, folder: string) {
    this.#components = components
    this.#own = new OwnPlaces(folder)
    this.#commits = new BlobCommits({
      index: components.index,
      openFiles: this.#openFiles,
      own: this.#own
    })
  }

  /**
   * Sees that the index and the disk agree, after whatever ended the last run.
   * @returns ids of whole files that the index does not know, as somebody has moved it away
   * @throws MeshError STORE_FAILED
   */
  recover(): string[] {
    const { index } = this.#components
    try {
      const blobs = this.#own.ids('blobs')
      const parts = this.#own.ids('parts')
      for (const { id } of index.ownFiles('part')) this.#recoverPart(id, { blobs, parts })
      for (const { id } of index.ownFiles('blob')) {
        if (!blobs.delete(id)) index.removeOwn(id)
      }
      // Nobody knows what of them is there.
      for (const id of parts) rmSync(this.#own.part(id), { force: true })
      return [...blobs]
    } catch (cause) {
      throw toStoreError(cause, this.#own.folder)
    }
  }

  /** Parts are written down; what is open is closed. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.#parts.values()].map((part) => part.close()))
    await this.#openFiles.closeAll()
  }

  /**
   * A part that is in the index.
   * @throws MeshError FILE_BUSY where it is open already; STORE_FULL or STORE_FAILED
   */
  async openPart(manifest: FileManifest): Promise<PartFile> {
    const { clock, index } = this.#components
    const { id } = manifest
    this.checkIdle(id)
    this.#opening.add(id)
    const path = this.#own.part(id)
    try {
      const part = await PartFile.open(
        {
          clock,
          record: (verified) => index.recordVerified(id, verified),
          complete: () => this.#commits.commit(id),
          onClosed: () => this.#parts.delete(id)
        },
        { manifest, path, verified: index.verified(id) }
      )
      this.#parts.set(id, part)
      return part
    } finally {
      this.#opening.delete(id)
    }
  }

  /**
   * A whole file of this machine's becomes a blob. It is in the index as a part, and nobody has it open.
   * @throws MeshError STORE_FULL or STORE_FAILED
   */
  async takeIn(manifest: FileManifest, { canMove, path }: LeftFile): Promise<void> {
    const { id } = manifest
    const part = this.#own.part(id)
    this.#opening.add(id)
    try {
      await (canMove ? moveFile(path, part) : copyPlain(path, part))
      const { size } = await stat(part)
      if (size !== manifest.plan.sizeBytes) throw changed(path)
      await this.#commits.commit(id)
    } catch (cause) {
      await rm(part, { force: true })
      this.#components.index.removeOwn(id)
      throw toStoreError(cause, path)
    } finally {
      this.#opening.delete(id)
    }
  }

  /** What a part takes on the disk already. */
  async partBytes(id: string): Promise<number> {
    const stats = await stat(this.#own.part(id)).catch(() => undefined)
    return (stats?.blocks ?? 0) * BLOCK_BYTES
  }

  /** Somebody writes to that part. */
  isOpen(id: string): boolean {
    return this.#parts.has(id) || this.#opening.has(id)
  }

  /** Which pieces of a file can be read here. */
  pieces(file: FileEntry): PieceSet {
    const { count } = planOf(file.sizeBytes, file.pieceBytes)
    if (file.isComplete) return PieceSet.full(count)
    const part = this.#parts.get(file.id)
    if (part !== undefined) return part.verified.copy()
    const verified = this.#components.index.verified(file.id)
    return verified === undefined ? new PieceSet(count) : PieceSet.fromBytes(verified, count)
  }

  /**
   * The bytes of one piece, or of some of it, from wherever they lie. A shared file that was written to
   * since it was hashed is withdrawn on the way.
   * @throws MeshError FILE_NOT_FOUND where it is not here, FIELD_INVALID where the file has no such piece
   */
  async readPiece(id: string, index: number, range?: PieceRange): Promise<Uint8Array> {
    const file = this.#components.index.find(id)
    if (file === undefined) throw notHere(id)
    const plan = planOf(file.sizeBytes, file.pieceBytes)
    if (!Number.isInteger(index) || index < 0 || index >= plan.count) {
      throw new MeshError('FIELD_INVALID', `${id} has ${plan.count} pieces, and none at ${index}`, {
        path: 'piece_index'
      })
    }
    const place = placeOf(plan, index, range)
    const bytes =
      (file.own === 'blob' ? await this.#readBlob(id, place) : undefined) ??
      (await this.#readShared(id, place)) ??
      (file.own === 'part' ? await this.#readPart(file, index, place) : undefined)
    if (bytes === undefined) throw notHere(id)
    this.#noteUse(file)
    return bytes
  }

  /** A blob that the index does not know is kept if it is what its name says, and deleted otherwise. */
  async adopt(id: string, hasher: Hasher): Promise<void> {
    const { index, logger } = this.#components
    const path = this.blobPath(id)
    const { manifest } = await hasher.hashFile(path)
    if (manifest.id !== id) return rm(path, { force: true })
    logger.info({ fileId: id }, 'a file is kept that the index had lost')
    if (index.find(id)?.own === 'blob' || this.isOpen(id)) return
    index.addPart(manifest, digitsOf(id))
    index.completeParts([id])
  }

  /** Where a whole copy of a file lies that may be read as one; undefined where there is none. */
  pathOf(file: FileEntry): string | undefined {
    if (file.own === 'blob') return this.blobPath(file.id)
    return this.#components.index.sharedPathsOf(file.id)[0]?.path
  }

  /**
   * Forgets the store's own copy and frees its room.
   * @throws MeshError FILE_BUSY while it is written to
   */
  async removeOwn(id: string): Promise<void> {
    this.checkIdle(id)
    this.#components.index.removeOwn(id)
    const paths = [this.blobPath(id), this.#own.part(id)]
    await Promise.all(
      paths.map(async (path) => {
        await this.#openFiles.close(path)
        // What can't be deleted now, as somebody else holds it open, goes at the next start.
        await rm(path, { force: true }).catch(() => {})
      })
    )
  }

  /** A blob becomes a file of somebody else's; see `FileLibrary.giveAway`. */
  async giveAway(id: string, path: string): Promise<void> {
    const blob = this.blobPath(id)
    await this.#openFiles.close(blob)
    try {
      await rename(blob, path)
    } catch (cause) {
      throw toStoreError(cause, path)
    }
    this.#components.index.removeOwn(id)
  }

  /** A path holds no longer what it did. */
  async withdraw(path: string): Promise<void> {
    this.#components.index.removeShared(path)
    await this.#openFiles.close(path)
  }

  async #readBlob(id: string, place: Place): Promise<Uint8Array | undefined> {
    try {
      return await this.#readFrom(this.blobPath(id), place)
    } catch (cause) {
      const { code } = this.#checkIsLost(cause)
      this.#components.logger.warn({ fileId: id, code }, 'a file of the store is damaged')
      await this.removeOwn(id)
      return undefined
    }
  }

  /** From the first path that still has it. */
  async #readShared(id: string, place: Place): Promise<Uint8Array | undefined> {
    for (const shared of this.#components.index.sharedPathsOf(id)) {
      // The next is read only where this one fails.
      /* oxlint-disable no-await-in-loop */
      try {
        return await this.#readFrom(shared.path, place, shared)
      } catch (cause) {
        const { code } = this.#checkIsLost(cause)
        this.#components.logger.info({ path: shared.path, code }, 'a shared file is withdrawn')
        await this.withdraw(shared.path)
      }
      /* oxlint-enable no-await-in-loop */
    }
    return undefined
  }

  /** What fails for another reason, such as too many open files, says nothing about the file. */
  #checkIsLost(cause: unknown): MeshError {
    const error = toFileError(cause, this.#own.folder)
    if (error.code !== 'FILE_CHANGED' && error.code !== 'FILE_UNREADABLE') throw error
    return error
  }

  /** It may become a blob at any moment, and then lies there. */
  async #readPart(file: FileEntry, index: number, place: Place): Promise<Uint8Array | undefined> {
    const verified = this.#parts.get(file.id)?.verified ?? this.pieces(file)
    if (!verified.has(index)) return undefined
    for (const path of [this.#own.part(file.id), this.blobPath(file.id)]) {
      // The second is read only where the first is not there any more.
      /* oxlint-disable no-await-in-loop */
      try {
        return await this.#readFrom(path, place)
      } catch (cause) {
        this.#checkIsLost(cause)
      }
      /* oxlint-enable no-await-in-loop */
    }
    return undefined
  }

  /** @param shared is looked at after reading: until then nobody may have written */
  #readFrom(
    path: string,
    { bytes, into, offset, sizeBytes }: Place,
    shared?: SharedPath
  ): Promise<Uint8Array> {
    const opening = async () => (await openPlainFile(path)).handle
    return this.#openFiles.use(path, opening, async (handle) => {
      const read = await readWhole(handle, offset, bytes, into)
      const stats = await handle.stat({ bigint: true })
      const isSame =
        shared === undefined ? Number(stats.size) === sizeBytes : stampOf(stats) === shared.stamp
      if (read === undefined || !isSame) throw changed(path)
      return read
    })
  }

  /** @throws MeshError FILE_BUSY */
  checkIdle(id: string): void {
    if (!this.isOpen(id)) return
    throw new MeshError('FILE_BUSY', `${id} is being fetched`, { path: 'file' })
  }

  #noteUse({ id, usedAtMs }: FileEntry): void {
    if (this.#components.clock.wallMs() - usedAtMs < USE_MS) return
    try {
      this.#components.index.noteUse(id)
    } catch (cause) {
      this.#components.logger.warn({ fileId: id, cause }, 'the last use of a file is not noted')
    }
  }

  #recoverPart(
    id: string,
    { blobs, parts }: { blobs: ReadonlySet<string>; parts: Set<string> }
  ): void {
    const { index } = this.#components
    if (parts.delete(id)) return
    // The last run ended between its renaming, which comes when it is whole, and the record of that.
    if (blobs.has(id)) index.completeParts([id])
    else index.removeOwn(id)
  }

  /** Where the store's own copy of a whole file lies, if it has one. */
  blobPath(id: string): string {
    return this.#own.blob(id)
  }
}

function placeOf(plan: PiecePlan, index: number, range?: PieceRange): Place {
  const piece = pieceSpan(plan, index)
  const place = { offset: 0, bytes: piece.bytes, ...range }
  const end = place.offset + place.bytes
  assert(place.offset >= 0 && end <= piece.bytes, 'a range lies within its piece')
  return { ...place, offset: piece.offset + place.offset, sizeBytes: plan.sizeBytes }
}
