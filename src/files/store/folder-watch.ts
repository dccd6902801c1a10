/**
 * Says that something has changed in one of many folders, and not what: who hears it looks for itself.
 * One watch for each folder: on Linux, Node's own recursive watch takes one for each file.
 */
import { watch } from 'node:fs'
import { LIMITS } from '../../core/limits.ts'
import type { BigIntStats, FSWatcher } from 'node:fs'

export class FolderWatch {
  readonly #onChange: () => void
  readonly #watchers = new Map<string, { made: string; watcher: FSWatcher }>()
  /** Folders that could not be watched, as there are too many, or of a file system that tells nothing. */
  #unwatchedCount = 0

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get unwatchedCount(): number {
    return this.#unwatchedCount
  }

  /** Watches a folder, if it does not yet, or if it was made anew: the old watch then hears nothing. */
  add(folder: string, { birthtimeNs, ino }: BigIntStats): void {
    // Both, as the new folder may have been given the inode of the old.
    const made = `${ino}:${birthtimeNs}`
    if (this.#watchers.get(folder)?.made === made) return
    this.#remove(folder)
    if (this.#watchers.size >= LIMITS.watchedFoldersMax) return
    try {
      const watcher = watch(folder, { persistent: false }, this.#onChange)
      watcher.on('error', () => {
        this.#remove(folder)
        this.#onChange()
      })
      this.#watchers.set(folder, { made, watcher })
    } catch {
      // There are too many, or it is gone again: `keep` counts it.
    }
  }

  /** Of all folders, only these are still there. */
  keep(folders: ReadonlySet<string>): void {
    this.#unwatchedCount = [...folders].filter((folder) => !this.#watchers.has(folder)).length
    for (const folder of this.#watchers.keys()) if (!folders.has(folder)) this.#remove(folder)
  }

  stop(): void {
    for (const folder of this.#watchers.keys()) this.#remove(folder)
  }

  #remove(folder: string): void {
    this.#watchers.get(folder)?.watcher.close()
    this.#watchers.delete(folder)
  }
}
