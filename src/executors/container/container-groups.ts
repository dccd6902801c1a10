/**
 * What containers use, by their control groups. Where the runtime makes groups itself and the worker is
 * root, each container's lies in one of the worker's own, whose figures are still there when a container
 * that lived for a moment is long gone. Elsewhere the container's own group is read while it runs.
 */
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupFolders, readField, readText, toNumber } from '../../core/cgroup-files.ts'
import type { CgroupPaths } from '../../core/cgroup-files.ts'
import type { TaskUsage } from '../executor.ts'

export interface GroupFigures extends Pick<TaskUsage, 'cpuMs' | 'peakMemoryBytes'> {
  isOutOfMemory: boolean
}

/** Folders of one group; in version 2 they are the same. */
interface GroupFolders {
  memory: string
  cpu: string
}

const ROOT = '/sys/fs/cgroup'
const US_PER_MS = 1e3
const NS_PER_MS = 1e6

/** A group of the worker's own for each container, below one that bears its mark. */
export class ParentGroups {
  readonly #mark: string

  constructor(mark: string) {
    this.#mark = mark
  }

  /** As a runtime is told it. */
  pathOf(name: string): string {
    return `/${this.#mark}/${name}`
  }

  figures(name: string): GroupFigures | undefined {
    const path = this.pathOf(name)
    const [memory] = [join(ROOT, 'memory', path), join(ROOT, path)].filter(existsSync)
    const [cpu] = [join(ROOT, 'cpuacct', path), join(ROOT, path)].filter(existsSync)
    return memory === undefined || cpu === undefined ? undefined : readFigures({ memory, cpu })
  }

  /** What can't be removed yet is found by `clear`. */
  remove(name: string): void {
    for (const root of hierarchies()) removeFolder(join(root, this.pathOf(name)))
  }

  /** Removes what is left of an earlier run; nothing of it may run any more. */
  clear(): void {
    for (const root of hierarchies()) {
      const folder = join(root, this.#mark)
      for (const name of foldersIn(folder)) removeFolder(join(folder, name))
      removeFolder(folder)
    }
  }
}

/** Of the group that a process is in; undefined when it is gone, or is in no group. */
export function figuresOfProcess(pid: number): GroupFigures | undefined {
  const paths: CgroupPaths = { membership: `/proc/${pid}/cgroup` }
  const folderOf = (controller: string): string | undefined =>
    [...cgroupFolders(paths, controller).slice(0, -1), ...cgroupFolders(paths, '').slice(0, -1)][0]
  const memory = folderOf('memory')
  const cpu = folderOf('cpuacct')
  return memory === undefined || cpu === undefined ? undefined : readFigures({ memory, cpu })
}

/** Files of version 2 and of version 1; those of the other are not there. */
function readFigures({ cpu, memory }: GroupFolders): GroupFigures {
  const peak =
    readText(join(memory, 'memory.peak')) ?? readText(`${memory}/memory.max_usage_in_bytes`)
  const microseconds = readField(join(cpu, 'cpu.stat'), 'usage_usec')
  const nanoseconds = toNumber(readText(join(cpu, 'cpuacct.usage')))
  const cpuMs =
    microseconds === undefined ? nanoseconds && nanoseconds / NS_PER_MS : microseconds / US_PER_MS
  const killCount =
    readField(join(memory, 'memory.events'), 'oom_kill') ??
    readField(join(memory, 'memory.oom_control'), 'oom_kill')
  const peakMemoryBytes = toNumber(peak)
  return {
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
    isOutOfMemory: (killCount ?? 0) > 0
  }
}

/** Of version 1 each controller has a tree; runtimes make a group in all of them. */
function hierarchies(): string[] {
  return [ROOT, ...foldersIn(ROOT).map((name) => join(ROOT, name))]
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch {
    // There are no groups, or not here.
    return []
  }
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It was never there, or something in it still ends.
  }
}
