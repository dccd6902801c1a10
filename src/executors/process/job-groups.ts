/**
 * Control groups of tasks: the kernel itself then holds memory, processes and processor time of a whole
 * tree, and counts what it used. They bear the node's own mark, so that what an earlier run left behind is found
 * and removed, and nobody else's is.
 */
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CPU_PERIOD_US, findGroupLayout } from './group-layout.ts'
import { readField, readText, toNumber } from '../../core/cgroup-files.ts'
import { signalAll } from './process-tree.ts'
import { sleep } from '../../core/abort.ts'
import type { Resource } from '../../model/enforcement.ts'
import type { CgroupPaths } from '../../core/cgroup-files.ts'
import type { Clock } from '../../core/clock.ts'
import type { GroupFile, GroupLayout } from './group-layout.ts'

export interface JobGroupsInit {
  /** What this node's groups begin with. */
  mark: string
  paths?: CgroupPaths
}

export interface GroupLimits {
  memoryBytesMax: number
  processesMax: number
  /** Processor time per second, in seconds; undefined: as much as there is. */
  cpuCores?: number | undefined
}

export interface GroupFigures {
  cpuMs?: number
  peakMemoryBytes?: number
  /** True when the kernel ended a process for want of memory. */
  isOutOfMemory: boolean
}

/** A group is busy until the kernel has let go of its last process. */
const REMOVE_TRIES = 500
const REMOVE_PERIOD_MS = 2

/** The kernel takes nothing smaller. */
const CPU_QUOTA_US_MIN = 1_000

export class JobGroups {
  readonly #clock: Clock
  readonly #init: JobGroupsInit
  #layout: GroupLayout | undefined
  #enforces: readonly Resource[] = []
  #count = 0

  constructor(clock: Clock, init: JobGroupsInit) {
    this.#clock = clock
    this.#init = init
  }

  /** Whether groups can be made here at all; memory and processes are then held by them. */
  get isOffered(): boolean {
    return this.#layout !== undefined
  }

  /**
   * What the kernel holds tasks to; known once it has started. A watch instead of a group sees neither what
   * the kernel keeps for a task's sockets and files, nor what comes and goes between two looks.
   */
  get enforces(): readonly Resource[] {
    return this.#enforces
  }

  /** Finds out whether groups can be made here, and removes what an earlier run left behind. */
  async start(): Promise<void> {
    this.#layout = findGroupLayout(this.#init.paths)
    await Promise.all(this.#leftovers().map((group) => group.remove()))
    try {
      const group = this.create({ memoryBytesMax: 2 ** 30, processesMax: 1, cpuCores: 0.5 })
      if (group !== undefined) this.#enforces = group.holdsCpu(0.5) ? ['memory', 'cpu'] : ['memory']
      await group?.remove()
    } catch {
      // The folders look writable and are not; tasks are then held by a watch.
      this.#layout = undefined
    }
  }

  /** Undefined where no groups can be made. */
  create(limits: GroupLimits): JobGroup | undefined {
    if (this.#layout === undefined) return undefined
    this.#count += 1
    const group = new JobGroup(this.#clock, this.#layout, `${this.#init.mark}-${this.#count}`)
    group.make(limits)
    return group
  }

  #leftovers(): JobGroup[] {
    const layout = this.#layout
    if (layout === undefined) return []
    const names = layout.parents
      .flatMap((parent) => readdirSync(parent))
      .filter((name) => name.startsWith(`${this.#init.mark}-`))
    return [...new Set(names)].map((name) => new JobGroup(this.#clock, layout, name))
  }
}

export class JobGroup {
  readonly #clock: Clock
  readonly #layout: GroupLayout
  readonly #name: string

  constructor(clock: Clock, layout: GroupLayout, name: string) {
    this.#clock = clock
    this.#layout = layout
    this.#name = name
  }

  make({ cpuCores, memoryBytesMax, processesMax }: GroupLimits): void {
    const values: Readonly<Record<string, string | undefined>> = {
      memory: String(memoryBytesMax),
      processes: String(processesMax),
      cpu: cpuCores === undefined ? undefined : this.#quotaText(cpuCores)
    }
    for (const folder of this.#folders()) mkdirSync(folder)
    for (const { isOptional = false, value, ...file } of this.#layout.limits) {
      const text = value in values ? values[value] : value
      try {
        if (text !== undefined) writeFileSync(this.#pathOf(file), text)
      } catch (cause) {
        if (!isOptional) throw cause
      }
    }
  }

  /** Whether the kernel has taken such a limit. */
  holdsCpu(cpuCores: number): boolean {
    const { cpuQuota } = this.#layout
    const text = cpuQuota && readText(this.#pathOf(cpuQuota))
    return text?.trim() === this.#quotaText(cpuCores)
  }

  /** Moves processes in; what they start from now on is in it as well. */
  add(pids: readonly number[]): void {
    for (const folder of this.#folders()) {
      for (const pid of pids) writeFileSync(join(folder, 'cgroup.procs'), String(pid))
    }
  }

  figures(): GroupFigures {
    const { cpuTime, outOfMemory, peakMemory } = this.#layout
    const peakMemoryBytes = toNumber(readText(this.#pathOf(peakMemory)))
    const cpuUnits =
      cpuTime?.field === undefined
        ? cpuTime && toNumber(readText(this.#pathOf(cpuTime)))
        : readField(this.#pathOf(cpuTime), cpuTime.field)
    return {
      isOutOfMemory: (readField(this.#pathOf(outOfMemory), 'oom_kill') ?? 0) > 0,
      ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
      ...(cpuUnits === undefined ? {} : { cpuMs: cpuUnits / (cpuTime?.perMs ?? 1) })
    }
  }

  /** Ends all in it, whatever sessions and parents they gave themselves. False when there was nothing. */
  kill(): boolean {
    const pids = this.#folders().flatMap((folder) =>
      (readText(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number)
    )
    signalAll(pids, 'SIGKILL')
    return pids.length > 0
  }

  /** Ends what is in it and removes it; what can't be removed now is found by the next start. */
  async remove(): Promise<void> {
    for (let tryCount = 0; tryCount < REMOVE_TRIES; tryCount += 1) {
      if (this.#folders().every(removeFolder)) return
      this.kill()
      await sleep(this.#clock, REMOVE_PERIOD_MS)
    }
  }

  /** Version 2 has quota and period in one file; version 1 has the same period unless it is told another. */
  #quotaText(cpuCores: number): string {
    const quota = Math.max(CPU_QUOTA_US_MIN, Math.round(cpuCores * CPU_PERIOD_US))
    return this.#layout.version === 2 ? `${quota} ${CPU_PERIOD_US}` : String(quota)
  }

  #folders(): string[] {
    return this.#layout.parents.map((parent) => join(parent, this.#name))
  }

  #pathOf({ name, parent }: GroupFile): string {
    return join(parent, this.#name, name)
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
