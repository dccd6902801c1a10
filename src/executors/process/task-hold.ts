/**
 * Holds one task's processes to memory, processor and disk from the gate on, and says what they used: by
 * a control group where one can be made, by watches for what it doesn't hold or count.
 */
import { statfsSync } from 'node:fs'
import { DiskWatch } from './disk-watch.ts'
import { PROCESSES_MAX } from './resource-limits.ts'
import { TreeWatch } from './tree-watch.ts'
import { descendants, isAlive, signalAll } from './process-tree.ts'
import { outOfDisk, outOfMemory, uncountable } from './process-outcome.ts'
import type { Cell } from './enclosure.ts'
import type { Clock } from '../../core/clock.ts'
import type { JobGroup, JobGroups } from './job-groups.ts'
import type { MeshError } from '../../core/errors.ts'
import type { TaskLimits, TaskUsage } from '../executor.ts'

export interface TaskHoldComponents {
  clock: Clock
  groups: JobGroups
}

export interface TaskHoldInit {
  cell: Cell
  limits: TaskLimits
  /** The task's folder. */
  folder: string
  /** What is to be held; the enclosure's outermost process stays outside, to tell how the rest ended. */
  pids: readonly number[]
  onExceeded: (verdict: MeshError) => void
}

/** What the enclosure's own processes and files need, beside the task's. */
const WRAPPER_BYTES = 8 * 2 ** 20

/** Where no more than this is left, nothing more can be written. */
const FULL_BYTES = 2 ** 14

export class TaskHold {
  readonly #components: TaskHoldComponents
  readonly #init: TaskHoldInit
  readonly #group: JobGroup | undefined
  readonly #treeWatch: TreeWatch | undefined
  readonly #diskWatch: DiskWatch | undefined

  constructor(components: TaskHoldComponents, init: TaskHoldInit) {
    const { cpuCores, memoryBytesMax } = init.limits
    this.#components = components
    this.#init = init
    this.#group = components.groups.create({
      memoryBytesMax: memoryBytesMax + WRAPPER_BYTES,
      processesMax: PROCESSES_MAX,
      cpuCores
    })
    this.#group?.add(init.pids)
    this.#treeWatch = this.#watchTree()
    this.#diskWatch = init.cell.isDiskWatched ? this.#watchDisk() : undefined
  }

  get isOutOfMemory(): boolean {
    return this.#group?.figures().isOutOfMemory ?? false
  }

  /**
   * For when nothing of it runs any more: whether it used up its disk, which the program itself may say
   * in any words, or not at all.
   * @param hasFailed a folder that is just full then counts as the reason
   */
  async isOutOfDisk(hasFailed: boolean): Promise<boolean> {
    const { cell, folder } = this.#init
    if (this.#diskWatch === undefined) return hasFailed && freeBytesIn(folder) <= FULL_BYTES
    const bytes = await this.#diskWatch.finalBytes()
    return bytes > cell.diskBytesMax || (hasFailed && bytes > cell.diskBytesMax - FULL_BYTES)
  }

  /** Ends what the task has started, wherever in the tree it is now. False when nothing is left of it. */
  kill(): boolean {
    if (this.#group !== undefined) return this.#group.kill()
    const stragglers = this.#init.cell.stragglers().filter(isAlive)
    signalAll(stragglers, 'SIGKILL')
    return stragglers.length > 0
  }

  usage(): Pick<TaskUsage, 'cpuMs' | 'peakMemoryBytes'> {
    const { isOutOfMemory: _, ...counted } = this.#group?.figures() ?? { isOutOfMemory: false }
    return { ...this.#treeWatch?.figures(), ...counted }
  }

  /** Called once, when nothing of the task runs any more. */
  async release(): Promise<void> {
    this.#treeWatch?.stop()
    await this.#diskWatch?.stop()
    await this.#group?.remove()
  }

  /** Not every kernel counts all that a group uses. */
  #watchTree(): TreeWatch | undefined {
    const { cpuMs, peakMemoryBytes } = this.#group?.figures() ?? {}
    if (cpuMs !== undefined && peakMemoryBytes !== undefined) return undefined
    const { cell, limits, onExceeded, pids } = this.#init
    const { memoryBytesMax } = limits
    return new TreeWatch(this.#components.clock, {
      pid: pids[0] ?? 0,
      memoryFolders: cell.memoryFolders,
      memoryBytesMax: this.#group === undefined ? memoryBytesMax + WRAPPER_BYTES : Infinity,
      onExceeded: () => onExceeded(outOfMemory(memoryBytesMax))
    })
  }

  #watchDisk(): DiskWatch {
    const { cell, folder, onExceeded, pids } = this.#init
    const bytesMax = cell.diskBytesMax
    return new DiskWatch(this.#components.clock, {
      folder,
      bytesMax,
      shown: cell.inputSources,
      pids: () => pids.slice(0, 1).flatMap((pid) => [pid, ...descendants(pid)]),
      onExceeded: (isHidden) => onExceeded(isHidden ? uncountable() : outOfDisk(bytesMax))
    })
  }
}

function freeBytesIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
