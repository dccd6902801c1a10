/**
 * How a file becomes the store's own: it comes from others piece by piece, as bytes, or as a file that
 * somebody has left on this machine. Room is made for each first, one after the other, so that no two are
 * given the same.
 */
import { changed } from './disk-errors.ts'
import { manifestOf } from '../content/manifest.ts'
import { piecesOf } from '../content/piece-plan.ts'
import { stampAt } from './file-stamp.ts'
import { toSafeName } from '../../model/safe-name.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FileIndex } from './file-index.ts'
import type { Keep } from './file-entry.ts'
import type { FileManifest } from '../content/manifest.ts'
import type { Hasher } from './hasher.ts'
import type { Holds } from './holds.ts'
import type { PartFile } from './part-file.ts'
import type { PieceStore } from './piece-store.ts'
import type { Space } from './space.ts'

export interface FileIntakeComponents {
  hasher: Hasher
  holds: Holds
  index: FileIndex
  space: Space
  store: PieceStore
}

/** A file that is on its way here. */
export interface NewPart {
  manifest: FileManifest
  /** What it is to be called; made safe. */
  name: string
}

/** A file of this machine's that is to be the store's. */
export interface LeftFile {
  path: string
  /** What it is to be called; made safe. */
  name: string
  /** Nobody needs it where it is: it is moved where that is possible, and may be gone afterwards in any case. */
  canMove: boolean
  /** Who wants it to stay. */
  keep?: Keep
}

export class FileIntake {
  readonly #components: FileIntakeComponents
  /** Two jobs may end with the same bytes at once. */
  readonly #adding = new Map<string, Promise<void>>()
  #lastRoom: Promise<unknown> = Promise.resolve()

  constructor(components: FileIntakeComponents) {
    this.#components = components
  }

  /** See `FileLibrary.openPart`. */
  openPart({ manifest, name }: NewPart): Promise<PartFile | undefined> {
    const { index, store } = this.#components
    const { id } = manifest
    return this.#inTurn(async () => {
      if (this.#isOwn(id)) return undefined
      const isBegun = index.find(id)?.own === 'part'
      const begun = isBegun ? (index.manifest(id) ?? manifest) : manifest
      if (isBegun) {
        index.noteUse(id)
        const diskBytes = begun.plan.sizeBytes - (await store.partBytes(id))
        await this.#components.space.makeRoom({ budgetBytes: 0, diskBytes })
      } else {
        await this.#promiseRoom({ manifest, name }, manifest.plan.sizeBytes)
      }
      // Whoever had it open may have brought the last of it meanwhile.
      return this.#isOwn(id) ? undefined : await store.openPart(begun)
    })
  }

  /** See `FileLibrary.addBytes`. */
  async addBytes(bytes: Uint8Array, name: string, keep?: Keep): Promise<string> {
    const manifest = manifestOf(bytes)
    const pieces = piecesOf(bytes, manifest.plan)
    await this.#once(manifest.id, keep, () => this.#keepBytes({ manifest, name }, pieces))
    return manifest.id
  }

  /** See `FileLibrary.addFile`. */
  async addFile(file: LeftFile, sizeBytes: number, options: AbortOptions): Promise<string> {
    const { hasher, space } = this.#components
    space.checkBudget(sizeBytes)
    const { manifest, stamp } = await hasher.hashFile(file.path, options)
    await this.#once(manifest.id, file.keep, () => this.#keepFile(file, manifest, stamp))
    return manifest.id
  }

  async #keepBytes(file: NewPart, pieces: readonly Uint8Array[]): Promise<void> {
    const part = await this.openPart(file)
    if (part === undefined) return
    try {
      await Promise.all(pieces.map((piece, index) => part.write(index, piece)))
    } catch (cause) {
      await part.close()
      throw cause
    }
    await part.finish()
  }

  async #keepFile(file: LeftFile, manifest: FileManifest, stamp: string): Promise<void> {
    const { index, store } = this.#components
    const { id, plan } = manifest
    if (this.#isOwn(id)) return
    store.checkIdle(id)
    if ((await stampAt(file.path)) !== stamp) throw changed(file.path)
    await this.#inTurn(async () => {
      if (index.find(id)?.own === 'part') return
      await this.#promiseRoom({ manifest, name: file.name }, file.canMove ? 0 : plan.sizeBytes)
    })
    await store.takeIn(manifest, file)
  }

  #isOwn(id: string): boolean {
    return this.#components.index.find(id)?.own === 'blob'
  }

  async #promiseRoom({ manifest, name }: NewPart, diskBytes: number): Promise<void> {
    const { index, space } = this.#components
    await space.makeRoom({ budgetBytes: manifest.plan.sizeBytes, diskBytes })
    index.addPart(manifest, toSafeName(name))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lastRoom.then(work)
    this.#lastRoom = done.catch(() => {})
    return done
  }

  /** Held meanwhile: neither as a part that nobody has open nor before it is kept does it make room. */
  async #once(id: string, keep: Keep | undefined, work: () => Promise<void>): Promise<void> {
    const { holds, index } = this.#components
    const letGo = holds.hold([id])
    try {
      const adding = this.#adding.get(id) ?? work()
      this.#adding.set(id, adding)
      await adding.finally(() => this.#adding.delete(id))
      if (keep !== undefined) index.keep(id, keep)
    } finally {
      letGo()
    }
  }
}
