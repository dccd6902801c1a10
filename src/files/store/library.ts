/**
 * The files of this node, for the rest of the program: what is here, reading it piece by piece, taking
 * in what comes, offering what the owner shares. It knows no network.
 */
import { lstat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { FileIndex } from './file-index.ts'
import { FileIntake } from './file-intake.ts'
import { Hasher } from './hasher.ts'
import { Holds } from './holds.ts'
import { PieceStore } from './piece-store.ts'
import { SharedFolders, realPathOf } from './shared-folders.ts'
import { Space } from './space.ts'
import { changed, notHere, toFileError } from './disk-errors.ts'
import { placeFile } from './file-placing.ts'
import { checkFileName, toSafeName } from '../../model/safe-name.ts'
import { pathBelow } from './folder-walk.ts'
import { stampAt } from './file-stamp.ts'
import { writeFolder } from '../content/folder-manifest.ts'
import type { EventEmitter } from 'node:events'
import type { AbortOptions } from '../../core/abort.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FileEntry, FileEvents, FilePage, Keep } from './file-index.ts'
import type { LeftFile, NewPart } from './file-intake.ts'
import type { FileManifest } from '../content/manifest.ts'
import type { FolderEntry } from '../content/folder-manifest.ts'
import type { HashOptions } from './hasher.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PartFile } from './part-file.ts'
import type { PieceRange } from './piece-store.ts'
import type { PieceSet } from '../content/piece-set.ts'
import type { ScanReport, ShareFolderInit } from './share-folder.ts'
import type { Startable } from '../../core/startable.ts'

export type { NewPart } from './file-intake.ts'

export interface FileLibraryComponents {
  clock: Clock
  logger: Logger
}

export interface FileLibraryInit {
  /** The store's own folder. */
  folder: string
  /** A folder around it of which nothing is ever shared. @default the store's own */
  privateFolder?: string
  /** What the store's own files may take. @default 10 GiB */
  budgetBytes?: number
  /** Threads that hash. @default one for each core */
  threads?: number
  /** Of every shared folder; see `ShareFolderInit`. */
  sharing?: Omit<ShareFolderInit, 'path' | 'exclude'>
}

/** Some dozens of films, or one large data set; a laptop has room for it. */
const BUDGET_BYTES = 10 * 2 ** 30
/** That a file is kept no longer is told some time after; it may go to make room from the moment itself. */
const KEEP_ENDS_MS = 5_000

export class FileLibrary implements Startable {
  readonly #components: FileLibraryComponents
  readonly #init: FileLibraryInit
  readonly #index: FileIndex
  readonly #hasher: Hasher
  readonly #store: PieceStore
  readonly #holds = new Holds()
  readonly #intake: FileIntake
  readonly #shared: SharedFolders
  #adopting: Promise<void> | undefined
  #cancelTick: CancelTimer | undefined

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
    const own = { hasher: this.#hasher, holds: this.#holds, index: this.#index, store: this.#store }
    this.#intake = new FileIntake({ ...own, space: new Space(own, { folder, budgetBytes }) })
    this.#shared = new SharedFolders(
      { ...components, ...own },
      { own: init.privateFolder ?? folder, sharing: init.sharing ?? {} }
    )
  }

  /** `added` with the entry, when a whole file has come to be here; `changed` with it; `removed` with its id. */
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
    this.#cancelTick = this.#components.clock.every(KEEP_ENDS_MS, () => this.#endKeeps())
    await this.#checkAdded()
    await this.#shared.start()
  }

  async stop(): Promise<void> {
    this.#cancelTick?.()
    this.#cancelTick = undefined
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

  /** Files of which some pieces are here, for somebody began to bring them. */
  parts(): FileEntry[] {
    return this.#index.ownFiles('part').filter(({ isComplete }) => !isComplete)
  }

  /** How many files there are, their bytes, and what of these the store's own take. */
  totals(): { fileCount: number; sizeBytes: number; ownBytes: number; budgetBytes: number } {
    const { budgetBytes = BUDGET_BYTES } = this.#init
    return { ...this.#index.totals(), ownBytes: this.#index.ownBytes(), budgetBytes }
  }

  /** What could come here at most, if all went that may go. */
  freeableBytes(): number {
    const { budgetBytes = BUDGET_BYTES } = this.#init
    return Math.max(0, budgetBytes - this.#index.keptBytes())
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
   * The bytes of a piece, or of some of it: as they were hashed, unless the disk itself has failed.
   * @throws MeshError FILE_NOT_FOUND where it is not here, FIELD_INVALID where the file has no such piece
   */
  readPiece(id: string, index: number, range?: PieceRange): Promise<Uint8Array> {
    return this.#store.readPiece(id, index, range)
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
   * Makes bytes a file of the store's own.
   * @param keep who wants it to stay
   * @throws MeshError FIELD_INVALID for a name that is no file's; STORE_FULL or STORE_FAILED
   */
  async addBytes(bytes: Uint8Array, name: string, keep?: Keep): Promise<FileEntry> {
    checkFileName(name, 'name')
    return this.#known(await this.#intake.addBytes(bytes, name, keep))
  }

  /**
   * Makes a file of this machine's one of the store's own, whatever its size.
   * @throws MeshError FILE_UNREADABLE, FILE_CHANGED; FILE_BUSY where it is being fetched; STORE_FULL or
   * STORE_FAILED; or the signal's reason
   */
  async addFile(file: LeftFile, options: AbortOptions = {}): Promise<FileEntry> {
    const { size } = await lstat(file.path).catch((cause: unknown) => {
      throw toFileError(cause, file.path)
    })
    return this.#known(await this.#intake.addFile(file, size, options))
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
      path: pathBelow(folder, shared.path),
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
   * @returns undefined where the store has all of it by now
   * @throws MeshError FILE_BUSY where it is on its way already; STORE_FULL where there is no room; STORE_FAILED
   */
  openPart(part: NewPart): Promise<PartFile | undefined> {
    return this.#intake.openPart(part)
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

  /**
   * Gives a whole file of the store's own away: its bytes lie at `path` from then on, and nothing of it is here.
   * @param path on the same disk; what is there is replaced
   * @throws MeshError FILE_NOT_FOUND where the store has no copy of its own; STORE_FAILED
   */
  async giveAway(id: string, path: string): Promise<void> {
    if (this.#known(id).own !== 'blob') throw notHere(id)
    await this.#store.giveAway(id, path)
  }

  /** A file that is pinned never goes to make room. @throws MeshError FILE_NOT_FOUND */
  pin(id: string, isPinned = true): void {
    this.#known(id)
    this.#index.pin(id, isPinned)
  }

  /**
   * A file stays until a moment, for a job or whoever else says so; said again, that moment moves. Then it
   * makes room as others do.
   * @throws MeshError FILE_NOT_FOUND
   */
  keep(id: string, keep: Keep): void {
    this.#known(id)
    this.#index.keep(id, keep)
  }

  /** Until when it is kept for somebody, in Unix milliseconds; undefined where it is not. */
  keptUntil(id: string, keptFor: string): number | undefined {
    return this.#index.keptUntil(id, keptFor)
  }

  /** Somebody wants it kept no more. */
  letGo(id: string, keptFor: string): void {
    this.#index.letGo(id, keptFor)
  }

  /** Files that are here, or will be, do not go to make room until they are let go of. */
  hold(ids: readonly string[]): () => void {
    return this.#holds.hold(ids)
  }

  /**
   * Puts a whole file at another path of this machine, where nobody may write to it: without taking room
   * for it again where the system can do so, and as it is now whatever becomes of the owner's.
   * @throws MeshError FILE_NOT_FOUND; STORE_FULL or STORE_FAILED
   */
  async place(id: string, path: string): Promise<void> {
    await placeFile({ index: this.#index, store: this.#store }, this.#known(id), path)
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

  #endKeeps(): void {
    try {
      this.#index.endKeeps()
    } catch (cause) {
      this.#components.logger.warn({ err: cause }, 'what is kept no longer was not noted')
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
