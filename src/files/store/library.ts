/**
 * The files of this node, for the rest of the program: what is here, reading it piece by piece, taking
 * in what comes, offering what the owner shares. It knows no network.
 */
import { lstat } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { FileIndex } from './file-index.ts'
import { Hasher } from './hasher.ts'
import { PieceStore } from './piece-store.ts'
import { SharedFolders, realPathOf } from './shared-folders.ts'
import { Space } from './space.ts'
import { changed, notHere, toFileError } from './disk-errors.ts'
import { pieceHash } from '../content/content-tree.ts'
import { makeManifest } from '../content/manifest.ts'
import { pieceSpan, planPieces } from '../content/piece-plan.ts'
import { checkFileName, toSafeName } from '../content/safe-name.ts'
import { stampOf } from './file-stamp.ts'
import { writeFolder } from '../content/folder-manifest.ts'
import type { EventEmitter } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import type { FileEntry, FileEvents, FilePage } from './file-index.ts'
import type { FileManifest } from '../content/manifest.ts'
import type { FolderEntry } from '../content/folder-manifest.ts'
import type { HashOptions } from './hasher.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PartFile } from './part-file.ts'
import type { PieceSet } from '../content/piece-set.ts'
import type { ScanReport, ShareFolderInit } from './share-folder.ts'
import type { Startable } from '../../core/startable.ts'

export interface FileLibraryComponents {
  clock: Clock
  logger: Logger
}

export interface FileLibraryInit {
  /** The store's own folder. */
  folder: string
  /** What the store's own files may take. @default 10 GiB */
  budgetBytes?: number
  /** Threads that hash. @default one for each core */
  threads?: number
  /** Of every shared folder; see `ShareFolderInit`. */
  sharing?: Omit<ShareFolderInit, 'path' | 'exclude'>
}

/** A file that is on its way here. */
export interface NewPart {
  manifest: FileManifest
  /** What it is to be called; made safe. */
  name: string
}

/** Some dozens of films, or one large data set; a laptop has room for it. */
const BUDGET_BYTES = 10 * 2 ** 30

export class FileLibrary implements Startable {
  readonly #components: FileLibraryComponents
  readonly #init: FileLibraryInit
  readonly #index: FileIndex
  readonly #hasher: Hasher
  readonly #store: PieceStore
  readonly #space: Space
  readonly #shared: SharedFolders
  #adopting: Promise<void> | undefined
  readonly #adding = new Map<string, Promise<void>>()
  /** One after the other, so that no two are given the same room. */
  #lastOpening: Promise<unknown> = Promise.resolve()

  constructor(components: FileLibraryComponents, init: FileLibraryInit) {
    const { clock, logger } = components
    const folder = resolve(init.folder)
    const { budgetBytes = BUDGET_BYTES } = init
    this.#components = components
    this.#init = init
    this.#index = new FileIndex({ clock }, join(folder, 'index.db'))
    this.#hasher = new Hasher(
      { clock },
      init.threads === undefined ? {} : { threads: init.threads }
    )
    this.#store = new PieceStore({ clock, logger, index: this.#index }, folder)
    this.#space = new Space({ index: this.#index, store: this.#store }, { folder, budgetBytes })
    this.#shared = new SharedFolders(
      { ...components, hasher: this.#hasher, index: this.#index, store: this.#store },
      { own: folder, sharing: init.sharing ?? {} }
    )
  }

  /** `added` with the entry, when a whole file has come to be here; `removed` with its id. */
  get events(): EventEmitter<FileEvents> {
    return this.#index.events
  }

  /**
   * Sees what the disk has, and goes on sharing what was shared.
   * @throws MeshError NODE_ALREADY_RUNNING, STORE_FULL or STORE_FAILED
   */
  async start(): Promise<void> {
    this.#index.open()
    const unknown = this.#store.recover()
    await this.#hasher.start()
    this.#adopting = this.#adopt(unknown)
    await this.#checkAdded()
    await this.#shared.start()
  }

  async stop(): Promise<void> {
    await this.#shared.stop()
    await this.#hasher.stop()
    await this.#adopting
    await this.#store.stop()
    this.#index.close()
  }

  /** A file that is here, whole or in part. */
  get(id: string): FileEntry | undefined {
    return this.#index.find(id)
  }

  /** A page of all files, by name or by id. */
  list(page: FilePage = {}): FileEntry[] {
    return this.#index.list(page)
  }

  /** How many files there are, their bytes, and what of these the store's own take. */
  totals(): { fileCount: number; sizeBytes: number; ownBytes: number; budgetBytes: number } {
    const { budgetBytes = BUDGET_BYTES } = this.#init
    return { ...this.#index.totals(), ownBytes: this.#index.ownBytes(), budgetBytes }
  }

  manifest(id: string): FileManifest | undefined {
    return this.#index.manifest(id)
  }

  /** Which pieces can be read here; none of a file that is not known. */
  pieces(id: string): PieceSet | undefined {
    const file = this.get(id)
    return file === undefined ? undefined : this.#store.pieces(file)
  }

  /**
   * The bytes of a piece: as they were hashed, unless the disk itself has failed.
   * @throws MeshError FILE_NOT_FOUND where it is not here, FIELD_INVALID where the file has no such piece
   */
  readPiece(id: string, index: number): Promise<Uint8Array> {
    return this.#store.readPiece(id, index)
  }

  /**
   * Offers a file where it lies. One that is as it was when it was added before is not hashed again.
   * @throws MeshError FILE_UNREADABLE or FILE_CHANGED
   */
  async add(path: string, options: HashOptions = {}): Promise<FileEntry> {
    const full = await realPathOf(path)
    const known = this.#index.sharedPath(full)
    if (known !== undefined && (await stampAt(full)) === known.stamp) return this.#known(known.id)
    const { manifest, stamp } = await this.#hasher.hashFile(full, options)
    const name = toSafeName(basename(full))
    this.#index.addShared(manifest, name, { path: full, folder: known?.folder, stamp })
    return this.#known(manifest.id)
  }

  /**
   * Keeps bytes as a file of the store's own.
   * @throws MeshError FIELD_INVALID for a name that is no file's; STORE_FULL or STORE_FAILED
   */
  async addBytes(bytes: Uint8Array, name: string): Promise<FileEntry> {
    checkFileName(name, 'name')
    const plan = planPieces(bytes.length)
    const pieces = Array.from({ length: plan.count }, (_, index) => {
      const span = pieceSpan(plan, index)
      return bytes.subarray(span.offset, span.offset + span.bytes)
    })
    const manifest = makeManifest(plan, new Uint8Array(Buffer.concat(pieces.map(pieceHash))))
    // Two jobs may end with the same bytes at once.
    const adding = this.#adding.get(manifest.id) ?? this.#keep({ manifest, name }, pieces)
    this.#adding.set(manifest.id, adding)
    await adding.finally(() => this.#adding.delete(manifest.id))
    return this.#known(manifest.id)
  }

  /**
   * Offers what is in a folder now, as a folder: its files where they lie, and the list of them as a file of
   * the store's own. Later changes are another folder.
   * @throws MeshError as `share` and `addBytes` do; FIELD_INVALID where names clash
   */
  async addFolder(path: string): Promise<FileEntry> {
    const report = await this.share(path)
    if (report.postponedCount > 0) throw changed(path)
    const folder = await realPathOf(path)
    const entries = this.#shared.pathsIn(folder).map((shared): FolderEntry => ({
      path: relative(folder, shared.path).split(sep).join('/'),
      size: this.#known(shared.id).sizeBytes,
      id: shared.id
    }))
    return this.addBytes(writeFolder(entries), toSafeName(basename(folder)))
  }

  /**
   * Offers everything in a folder, from now on and after every start, until `unshare`.
   * @returns what a first look has found, when all of it is hashed
   * @throws MeshError FILE_UNREADABLE for what is no folder; FIELD_INVALID for one around another that is shared
   */
  share(path: string): Promise<ScanReport> {
    return this.#shared.share(path)
  }

  /**
   * Offers nothing of it any more; the files stay where they are.
   * @throws MeshError FIELD_INVALID where it is not shared
   */
  unshare(path: string): Promise<void> {
    return this.#shared.unshare(path)
  }

  sharedFolders(): string[] {
    return this.#index.folders()
  }

  /**
   * Begins a file that is to come, or goes on with it: what earlier runs have verified is not fetched again.
   * Its manifest is that with which it was begun.
   * @throws MeshError FILE_BUSY where it is on its way already; STORE_FULL where there is no room; STORE_FAILED
   */
  openPart(part: NewPart): Promise<PartFile> {
    const opening = this.#lastOpening.then(() => this.#openPart(part))
    this.#lastOpening = opening.catch(() => {})
    return opening
  }

  /**
   * Forgets a file: the store's own copy is deleted, one that the owner has added is no longer offered. What
   * lies in a shared folder as well is offered from there.
   * @throws MeshError FILE_NOT_FOUND; FILE_BUSY; FIELD_INVALID where it lies in a shared folder only
   */
  async remove(id: string): Promise<void> {
    const { own } = this.#known(id)
    const shared = this.#index.sharedPathsOf(id)
    await this.#store.removeOwn(id)
    const added = shared.filter(({ folder }) => folder === undefined)
    await Promise.all(added.map(({ path }) => this.#store.withdraw(path)))
    const kept = shared.find(({ folder }) => folder !== undefined)
    if (kept === undefined || own !== 'none' || added.length > 0) return
    throw new MeshError('FIELD_INVALID', `${kept.path} lies in a shared folder`, {
      path: 'file',
      hint: `move it elsewhere, or stop sharing ${kept.folder}`
    })
  }

  /** A file that is pinned never goes to make room. @throws MeshError FILE_NOT_FOUND */
  pin(id: string, isPinned = true): void {
    this.#known(id)
    this.#index.pin(id, isPinned)
  }

  /**
   * Reads every copy of a file anew. One that is not what it should be is withdrawn.
   * @returns whether one is left
   * @throws MeshError FILE_NOT_FOUND
   */
  async verify(id: string, options: HashOptions = {}): Promise<boolean> {
    for (let file = this.#known(id); ;) {
      const path = this.#store.pathOf(file)
      if (path === undefined) return false
      // The next copy is read only where this one is wrong.
      /* oxlint-disable no-await-in-loop */
      if (await this.#isRight(path, id, options)) return true
      if (file.own === 'blob') await this.#store.removeOwn(id)
      else await this.#store.withdraw(path)
      /* oxlint-enable no-await-in-loop */
      const left = this.get(id)
      if (left === undefined) return false
      file = left
    }
  }

  /** Reads them one after the other, while the node is at work already. */
  async #adopt(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- there is no hurry
        await this.#store.adopt(id, this.#hasher)
      } catch (cause) {
        // It stays where it is, for the next start.
        this.#components.logger.warn({ fileId: id, cause }, 'an unknown file is not read')
      }
    }
  }

  async #isRight(path: string, id: string, options: HashOptions): Promise<boolean> {
    try {
      return (await this.#hasher.hashFile(path, options)).manifest.id === id
    } catch (cause) {
      options.signal?.throwIfAborted()
      const { code } = toFileError(cause, path)
      if (code === 'FILE_CHANGED' || code === 'FILE_UNREADABLE') return false
      throw cause
    }
  }

  async #keep(file: NewPart, pieces: readonly Uint8Array[]): Promise<void> {
    if (this.get(file.manifest.id)?.own === 'blob') return
    const part = await this.openPart(file)
    try {
      await Promise.all(pieces.map((piece, index) => part.write(index, piece)))
    } catch (cause) {
      await part.close()
      throw cause
    }
    await part.finish()
  }

  async #openPart({ manifest, name }: NewPart): Promise<PartFile> {
    const { id } = manifest
    const known = this.get(id)
    assert(known?.own !== 'blob', 'a file is fetched that the store does not have')
    const begun = known?.own === 'part' ? (this.manifest(id) ?? manifest) : manifest
    const { sizeBytes } = begun.plan
    if (known?.own === 'part') {
      this.#index.noteUse(id)
      const diskBytes = sizeBytes - (await this.#store.partBytes(id))
      await this.#space.makeRoom({ budgetBytes: 0, diskBytes })
    } else {
      await this.#space.makeRoom({ budgetBytes: sizeBytes, diskBytes: sizeBytes })
      this.#index.addPart(manifest, toSafeName(name))
    }
    return this.#store.openPart(begun)
  }

  /** Files that were added by themselves and are no longer what they were. */
  async #checkAdded(): Promise<void> {
    for (const { path, stamp } of this.#index.sharedPathsIn(undefined)) {
      // oxlint-disable-next-line no-await-in-loop -- they are few
      if ((await stampAt(path)) !== stamp) await this.#store.withdraw(path)
    }
  }

  #known(id: string): FileEntry {
    const file = this.get(id)
    if (file === undefined) throw notHere(id)
    return file
  }
}

/** Undefined where there is no such file. */
async function stampAt(path: string): Promise<string | undefined> {
  try {
    return stampOf(await lstat(path, { bigint: true }))
  } catch {
    return undefined
  }
}
