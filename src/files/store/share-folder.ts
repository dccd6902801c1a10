/**
 * A folder of the owner's whose files this node offers where they lie. Looking at the whole folder is the
 * truth; what the system tells of changes only says when to look again. What is as it was is not hashed.
 */
import { basename } from 'node:path'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { toSafeName } from '../../model/safe-name.ts'
import { FolderWatch } from './folder-watch.ts'
import { stampOf } from './file-stamp.ts'
import { toFileError } from './disk-errors.ts'
import { walkFolder } from './folder-walk.ts'
import type { BigIntStats } from 'node:fs'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FileIndex } from './file-index.ts'
import type { Hasher } from './hasher.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PieceStore } from './piece-store.ts'
import type { Startable } from '../../core/startable.ts'

export interface ShareFolderComponents {
  clock: Clock
  hasher: Hasher
  index: FileIndex
  logger: Logger
  store: PieceStore
}

export interface ShareFolderInit {
  /** Without links in it. */
  path: string
  /** Folders in it that are not shared, such as the store's own. */
  exclude?: readonly string[]
  /** Files and folders whose names begin with a dot are offered, too: keys and settings lie in such. @default false */
  takesHidden?: boolean
  /** How often it is looked at although nothing was heard. @default 600_000 */
  rescanMs?: number
  /** A file that was written to within this time is probably not done: it is left for later. @default 1_000 */
  quietMs?: number
  /** Told again and again while files are hashed. */
  onProgress?: (progress: ScanProgress, path: string) => void
  /** Told after each look. */
  onScanned?: (report: ScanReport, path: string) => void
}

export interface ScanProgress {
  hashedBytes: number
  /** Of all files that are to be hashed. */
  toHashBytes: number
  hashedFiles: number
  toHashFiles: number
}

export interface ScanProblem {
  path: string
  why: string
}

/** What one look at the whole folder found. */
export interface ScanReport {
  /** Files that are offered. */
  fileCount: number
  sizeBytes: number
  hashedFiles: number
  hashedBytes: number
  /** Files that somebody was writing to: they come with a later look. */
  postponedCount: number
  /** Folders whose changes are only found by looking. */
  unwatchedCount: number
  /** What cannot be offered, up to `PROBLEMS_MAX`. */
  problems: ScanProblem[]
  problemCount: number
}

export const DEFAULT_SHARE_FOLDER = { rescanMs: 600_000, quietMs: 1_000 } as const

const PROBLEMS_MAX = LIMITS.pageRowsMax
/** Changes come in flocks. */
const GATHER_MS = 200
/** Looking takes at most about a tenth of the time. */
const REST_RATIO = 10
const NANOSECONDS_PER_MS = 1_000_000n

interface NewFile {
  path: string
  sizeBytes: number
}

export class ShareFolder implements Startable {
  readonly #components: ShareFolderComponents
  readonly #init: ShareFolderInit & Record<keyof typeof DEFAULT_SHARE_FOLDER, number>
  readonly #watch: FolderWatch
  readonly #stopping = new AbortController()
  #cancelRescans: CancelTimer | undefined
  #cancelNext: CancelTimer | undefined
  #scanning: Promise<ScanReport> | undefined
  /** Something has changed since the look that is under way began. */
  #isStale = false
  /** What the last look took, without hashing. */
  #lastMs = 0

  constructor(components: ShareFolderComponents, init: ShareFolderInit) {
    this.#components = components
    this.#init = { ...DEFAULT_SHARE_FOLDER, ...init }
    this.#watch = new FolderWatch(() => this.#noteChange())
  }

  get path(): string {
    return this.#init.path
  }

  /** From now on it looks by itself; `scan` says when the first look is done. */
  async start(): Promise<void> {
    const { rescanMs } = this.#init
    this.#cancelRescans ??= this.#components.clock.every(rescanMs, () => this.#noteChange())
    this.#noteChange()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new MeshError('STOPPING', 'this node is about to end'))
    this.#watch.stop()
    this.#cancelRescans?.()
    this.#cancelNext?.()
    await this.#scanning?.catch(() => {})
  }

  /** Looks at the whole folder now, or with the look that is under way. @throws MeshError STORE_FAILED and the like */
  scan(): Promise<ScanReport> {
    this.#cancelNext?.()
    this.#cancelNext = undefined
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = undefined
      if (this.#isStale) this.#plan(GATHER_MS)
    })
    return this.#scanning
  }

  #noteChange(): void {
    if (this.#scanning === undefined) this.#plan(GATHER_MS)
    else this.#isStale = true
  }

  #plan(delayMs: number): void {
    if (this.#stopping.signal.aborted) return
    const restMs = Math.max(delayMs, this.#lastMs * REST_RATIO)
    this.#cancelNext ??= this.#components.clock.after(restMs, () => {
      this.#cancelNext = undefined
      this.scan().catch((cause: unknown) => {
        if (this.#stopping.signal.aborted) return
        this.#components.logger.warn({ path: this.path, cause }, 'a shared folder is not read')
      })
    })
  }

  async #scan(): Promise<ScanReport> {
    const { clock, index } = this.#components
    const startedMs = clock.monotonicMs()
    this.#isStale = false
    const report = newReport()
    const files = await this.#look(report)
    this.#lastMs = clock.monotonicMs() - startedMs
    await this.#hashAll(files, report)
    for (const { id } of index.sharedPathsIn(this.path)) {
      report.fileCount += 1
      report.sizeBytes += index.find(id)?.sizeBytes ?? 0
    }
    report.unwatchedCount = this.#watch.unwatchedCount
    if (report.postponedCount > 0) this.#isStale = true
    this.#init.onScanned?.(report, this.path)
    return report
  }

  /** Withdraws what is gone or has changed. @returns what is to be hashed */
  async #look(report: ScanReport): Promise<NewFile[]> {
    const { index, store } = this.#components
    const { exclude = [], takesHidden = false } = this.#init
    const known = new Map(index.sharedPathsIn(this.path).map(({ path, stamp }) => [path, stamp]))
    const folders = new Set<string>()
    const files: NewFile[] = []
    const { signal } = this.#stopping
    const options = { exclude: new Set(exclude), takesHidden, signal }
    for await (const found of walkFolder(this.path, options)) {
      if (found.kind === 'problem') note(report, found)
      else if (found.kind === 'folder') {
        folders.add(found.path)
        this.#watch.add(found.path, found.stats)
      } else if (known.get(found.path) === stampOf(found.stats)) known.delete(found.path)
      else if (this.#isYoung(found.stats)) report.postponedCount += 1
      else files.push({ path: found.path, sizeBytes: Number(found.stats.size) })
    }
    this.#watch.keep(folders)
    await Promise.all([...known.keys()].map((path) => store.withdraw(path)))
    return files
  }

  async #hashAll(files: readonly NewFile[], report: ScanReport): Promise<void> {
    const progress: ScanProgress = {
      hashedBytes: 0,
      toHashBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      hashedFiles: 0,
      toHashFiles: files.length
    }
    const rest = files.values()
    const lane = async (): Promise<void> => {
      for (const file of rest) {
        // One after the other: enough are under way in other lanes.
        // oxlint-disable-next-line no-await-in-loop
        await this.#hash(file, { progress, report })
      }
    }
    // Small files are more waiting than work.
    const lanes = Array.from({ length: 2 * this.#components.hasher.threads }, lane)
    // All have ended before one is said to have failed: the next look finds nobody at work.
    const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  async #hash(
    { path }: NewFile,
    { progress, report }: { progress: ScanProgress; report: ScanReport }
  ): Promise<void> {
    const { hasher, index } = this.#components
    const { signal } = this.#stopping
    let toldBytes = 0
    const onProgress = (hashedBytes: number): void => {
      progress.hashedBytes += hashedBytes - toldBytes
      toldBytes = hashedBytes
      this.#init.onProgress?.({ ...progress }, this.path)
    }
    try {
      const { manifest, stamp } = await hasher.hashFile(path, { signal, onProgress })
      index.addShared(manifest, toSafeName(basename(path)), { path, folder: this.path, stamp })
      report.hashedFiles += 1
      report.hashedBytes += manifest.plan.sizeBytes
    } catch (cause) {
      signal.throwIfAborted()
      const error = toFileError(cause, path)
      if (error.code === 'FILE_CHANGED') report.postponedCount += 1
      else if (error.code === 'FILE_UNREADABLE') note(report, { path, why: error.message })
      else throw error
    }
    progress.hashedFiles += 1
    this.#init.onProgress?.({ ...progress }, this.path)
  }

  #isYoung({ mtimeNs }: BigIntStats): boolean {
    const ageMs = this.#components.clock.wallMs() - Number(mtimeNs / NANOSECONDS_PER_MS)
    // One that is dated tomorrow is not waited for.
    return ageMs >= 0 && ageMs < this.#init.quietMs
  }
}

function newReport(): ScanReport {
  return {
    fileCount: 0,
    sizeBytes: 0,
    hashedFiles: 0,
    hashedBytes: 0,
    postponedCount: 0,
    unwatchedCount: 0,
    problems: [],
    problemCount: 0
  }
}

function note(report: ScanReport, { path, why }: ScanProblem): void {
  report.problemCount += 1
  if (report.problems.length < PROBLEMS_MAX) report.problems.push({ path, why })
}
