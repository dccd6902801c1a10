/**
 * Holds the sum of a task's files where no file system of its own does: walks its folder several times a
 * second, files that it has removed and still holds open included, and calls when it is too much, or when
 * it can't be told. A fast program gets some way beyond the limit before it is seen.
 */
import { lstatSync } from 'node:fs'
import { lstat, opendir, readdir, stat } from 'node:fs/promises'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Stats } from 'node:fs'

export interface DiskWatchInit {
  /** The task's folder. */
  folder: string
  bytesMax: number
  /** Files and folders that are shown in it, and are not the task's own. */
  shown?: readonly string[]
  /** The task's processes at the moment. */
  pids: () => readonly number[]
  /** @param isHidden it has files that can't be counted */
  onExceeded: (isHidden: boolean) => void
}

const PERIOD_MS = 250
/** Of a processor, for the walk itself: a large folder is looked at less often. */
const BUSY_SHARE = 1 / 4
const BLOCK_BYTES = 512
/** A file takes some room however short it is: without it, empty files were free. */
const FILE_BYTES_MIN = 4_096
/** Linux finds nothing under a longer path, but a program may still go there step by step. */
const PATH_BYTES_MAX = 3_500
const SLASH = Buffer.from('/')

export class DiskWatch {
  readonly #clock: Clock
  readonly #init: DiskWatchInit
  /** By what they are, wherever in the folder they have been moved to. */
  readonly #shown: ReadonlySet<string>
  #cancel: CancelTimer | undefined
  #looking: Promise<void> | undefined
  #isStopped = false
  #bytes = 0
  /** Files with several names, and those that are open without one: each counts once. */
  #seen = new Set<number>()

  constructor(clock: Clock, init: DiskWatchInit) {
    this.#clock = clock
    this.#init = init
    this.#shown = new Set((init.shown ?? []).map((path) => identityOf(lstatSync(path))))
    this.#wait(PERIOD_MS)
  }

  /** Once it resolves, the folder is not looked at any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#looking
  }

  /** What the task has left, up to the first that is too much; for when nothing of it runs any more. */
  async finalBytes(): Promise<number> {
    await this.stop()
    this.#isStopped = false
    await this.#measure()
    this.#isStopped = true
    return this.#bytes
  }

  #wait(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      this.#looking = this.#look()
    })
  }

  async #look(): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    const { bytesMax, onExceeded } = this.#init
    const isCounted = await this.#measure()
    if (this.#isStopped) return
    if (!isCounted || this.#bytes > bytesMax) return onExceeded(!isCounted)
    this.#wait(Math.max(PERIOD_MS, (this.#clock.monotonicMs() - startedMs) / BUSY_SHARE))
  }

  /** False where something can't be looked into. Ends early once it is enough. */
  async #measure(): Promise<boolean> {
    this.#bytes = 0
    this.#seen = new Set()
    return (await this.#walk(this.#init.folder)) && (await this.#countRemoved())
  }

  async #walk(root: string): Promise<boolean> {
    const folders: Buffer[] = [Buffer.from(root)]
    for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
      if (path.length > PATH_BYTES_MAX) return false
      try {
        // As bytes: names need not be UTF-8.
        const entries = await opendir(path, { encoding: 'buffer' as BufferEncoding })
        for await (const { name } of entries) {
          if (this.#isOver) return true
          const inner = Buffer.concat([path, SLASH, Buffer.from(name as unknown as Uint8Array)])
          const stats = await lstat(inner).catch(() => undefined)
          if (stats === undefined || this.#shown.has(identityOf(stats))) continue
          if (stats.isDirectory()) folders.push(inner)
          this.#count(stats)
        }
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return false
      }
    }
    return true
  }

  async #countRemoved(): Promise<boolean> {
    const dev = await stat(this.#init.folder).then(
      (stats) => stats.dev,
      () => undefined
    )
    for (const pid of this.#init.pids()) {
      const names = await readdir(`/proc/${pid}/fd`).catch(() => [])
      for (const name of names) {
        if (this.#isOver) return true
        const stats = await stat(`/proc/${pid}/fd/${name}`).catch(() => undefined)
        if (stats?.nlink === 0 && stats.dev === dev) this.#count(stats)
      }
    }
    return true
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#bytes > this.#init.bytesMax
  }

  #count(stats: Stats): void {
    const isOnceOnly = stats.nlink === 1 || stats.isDirectory()
    if (!isOnceOnly && this.#seen.has(stats.ino)) return
    if (!isOnceOnly) this.#seen.add(stats.ino)
    this.#bytes += Math.max(FILE_BYTES_MIN, stats.blocks * BLOCK_BYTES)
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`
}
