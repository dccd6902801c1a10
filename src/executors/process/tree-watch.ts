/**
 * Holds the memory of a task's processes where the kernel's control groups can't: looks at the whole
 * tree ten times a second, files in memory included, and calls when it is too much. A fast program
 * gets some way beyond the limit before it is seen; RLIMIT_AS would not help, as it counts addresses
 * (Node reserves gigabytes of them) and each process for itself.
 */
import { statfsSync } from 'node:fs'
import { descendants, proportionalBytes, treeFigures } from './process-tree.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'

export interface TreeWatchInit {
  /** Whose descendants are watched. */
  pid: number
  /** Folders whose content lies in memory. */
  memoryFolders: readonly string[]
  memoryBytesMax: number
  onExceeded: () => void
}

const PERIOD_MS = 100
/** What the kernel keeps for one file in memory, however short: without it, empty files were free. */
const INODE_BYTES = 1_024

export class TreeWatch {
  readonly #init: TreeWatchInit
  readonly #cancel: CancelTimer
  #peakMemoryBytes = 0
  #cpuMs = 0

  constructor(clock: Clock, init: TreeWatchInit) {
    this.#init = init
    this.#cancel = clock.every(PERIOD_MS, () => this.#look())
    this.#look()
  }

  stop(): void {
    this.#cancel()
  }

  /** As last seen: what ran between two looks is missing. */
  figures(): { cpuMs: number; peakMemoryBytes: number } {
    return { cpuMs: this.#cpuMs, peakMemoryBytes: this.#peakMemoryBytes }
  }

  #look(): void {
    const { memoryBytesMax, memoryFolders, onExceeded, pid } = this.#init
    const pids = [pid, ...descendants(pid)]
    const { cpuMs, residentBytes } = treeFigures(pids)
    const fileBytes = memoryFolders.reduce((sum, folder) => sum + bytesIn(folder), 0)
    const upperBytes = residentBytes + fileBytes
    const bytes = upperBytes <= memoryBytesMax ? upperBytes : proportionalBytes(pids) + fileBytes
    this.#cpuMs = Math.max(this.#cpuMs, cpuMs)
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, bytes)
    if (bytes > memoryBytesMax) onExceeded()
  }
}

function bytesIn(folder: string): number {
  try {
    const { bfree, blocks, bsize, ffree, files } = statfsSync(folder)
    return (blocks - bfree) * bsize + (files - ffree) * INODE_BYTES
  } catch {
    // The sandbox ended meanwhile.
    return 0
  }
}
