/**
 * Where this worker may make control groups for its tasks, and what their files are called: version 2
 * where a subtree was delegated to it, version 1 where its own groups are writable, or nowhere.
 */
import { accessSync, constants, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { cgroupFolders, readText } from '../../core/cgroup-files.ts'
import { descendants } from './process-tree.ts'
import type { CgroupPaths } from '../../core/cgroup-files.ts'

export interface GroupFile {
  /** Folder under which the groups of tasks lie. */
  parent: string
  name: string
}

export interface GroupLimit extends GroupFile {
  /** What is written, or `memory`, `processes` or `cpu` for a task's own limit. */
  value: string
  /** Not on every kernel, or refused where the group above is held tighter. */
  isOptional?: boolean
}

export interface GroupLayout {
  version: 1 | 2
  /** Folders in which each task gets a group, each once. */
  parents: readonly string[]
  /** Written in this order. */
  limits: readonly GroupLimit[]
  /** A file with a line `oom_kill N`. */
  outOfMemory: GroupFile
  peakMemory: GroupFile
  /** Microseconds of processor time per `CPU_PERIOD_US`; absent where the kernel can't hold it. */
  cpuQuota?: GroupFile
  /** Its own field where the file has several figures, and how many of its units are a millisecond. */
  cpuTime: (GroupFile & { field?: string; perMs: number }) | undefined
}

/** Version 2 wants no process beside the groups of tasks: the worker itself moves in here. */
const OWN_GROUP = 'taskmesh-worker'

/** How often a task's processor time is handed out anew; the kernel's own default. */
export const CPU_PERIOD_US = 100_000

/** Undefined where this worker may make no groups. */
export function findGroupLayout(paths: CgroupPaths = {}): GroupLayout | undefined {
  return findVersion2(paths) ?? findVersion1(paths)
}

function findVersion2(paths: CgroupPaths): GroupLayout | undefined {
  const own = cgroupFolders(paths, '')[0]
  if (own === undefined) return undefined
  const parent = basename(own) === OWN_GROUP ? dirname(own) : own
  const offered = (readText(join(parent, 'cgroup.controllers')) ?? '').trim().split(' ')
  if (!offered.includes('memory') || !offered.includes('pids')) return undefined
  if (!isWritable(parent) || !enable(parent, offered)) return undefined
  const hasCpu = controllersBelow(parent).includes('cpu')
  return {
    version: 2,
    parents: [parent],
    limits: [
      { parent, name: 'memory.max', value: 'memory' },
      // Otherwise the limit would only push a task's memory out to the disk.
      { parent, name: 'memory.swap.max', value: '0', isOptional: true },
      { parent, name: 'memory.oom.group', value: '1', isOptional: true },
      { parent, name: 'pids.max', value: 'processes' },
      ...(hasCpu ? [{ parent, name: 'cpu.max', value: 'cpu', isOptional: true }] : [])
    ],
    outOfMemory: { parent, name: 'memory.events' },
    peakMemory: { parent, name: 'memory.peak' },
    ...(hasCpu ? { cpuQuota: { parent, name: 'cpu.max' } } : {}),
    cpuTime: { parent, name: 'cpu.stat', field: 'usage_usec', perMs: 1e3 }
  }
}

/**
 * Has the subtree's groups hold memory, processes and, where it is offered, processor time; the worker
 * and its children move aside for that.
 */
function enable(parent: string, offered: readonly string[]): boolean {
  const wanted = ['memory', 'pids', 'cpu'].filter((name) => offered.includes(name))
  const missing = wanted.filter((name) => !controllersBelow(parent).includes(name))
  if (missing.length === 0) return true
  const ours = new Set([process.pid, ...descendants(process.pid)])
  const inside = (readText(join(parent, 'cgroup.procs')) ?? '').split('\n').filter(Boolean)
  // What others run here isn't ours to move, and while it stays the kernel refuses.
  if (inside.some((pid) => !ours.has(Number(pid)))) return false
  try {
    mkdirSync(join(parent, OWN_GROUP), { recursive: true })
    for (const pid of inside) writeFileSync(join(parent, OWN_GROUP, 'cgroup.procs'), pid)
  } catch {
    // Not delegated as it seemed; tasks are then held by a watch.
    return false
  }
  // The kernel may refuse processor time alone, as where there are real-time processes.
  return write(missing) || write(missing.filter((name) => name !== 'cpu'))

  function write(names: readonly string[]): boolean {
    try {
      const words = names.map((name) => `+${name}`).join(' ')
      writeFileSync(join(parent, 'cgroup.subtree_control'), words)
      return true
    } catch {
      // Not delegated either.
      return false
    }
  }
}

function controllersBelow(parent: string): string[] {
  return (readText(join(parent, 'cgroup.subtree_control')) ?? '').trim().split(' ')
}

function findVersion1(paths: CgroupPaths): GroupLayout | undefined {
  const [memory, pids, cpu, cpuacct] = ['memory', 'pids', 'cpu', 'cpuacct'].map((controller) =>
    // Several controllers may share a tree, which then has a name for each.
    realPath(cgroupFolders(paths, controller).find(existsSync) ?? '')
  ) as [string, string, string, string]
  if (!isWritable(memory)) return undefined
  const [hasPids, hasCpu, hasCpuTime] = [pids, cpu, cpuacct].map(isWritable)
  const quota = { parent: cpu, name: 'cpu.cfs_quota_us' }
  return {
    version: 1,
    parents: [...new Set([memory, pids, cpu, cpuacct])].filter(isWritable),
    limits: [
      { parent: memory, name: 'memory.limit_in_bytes', value: 'memory' },
      // Memory and swap together; it may not be below the limit of memory, so it comes after.
      { parent: memory, name: 'memory.memsw.limit_in_bytes', value: 'memory', isOptional: true },
      ...(hasPids ? [{ parent: pids, name: 'pids.max', value: 'processes' }] : []),
      ...(hasCpu ? [{ ...quota, value: 'cpu', isOptional: true }] : [])
    ],
    outOfMemory: { parent: memory, name: 'memory.oom_control' },
    peakMemory: { parent: memory, name: 'memory.max_usage_in_bytes' },
    ...(hasCpu ? { cpuQuota: quota } : {}),
    cpuTime: hasCpuTime ? { parent: cpuacct, name: 'cpuacct.usage', perMs: 1e6 } : undefined
  }
}

function realPath(folder: string): string {
  return folder === '' ? folder : realpathSync(folder)
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    // Absent, or another user's.
    return false
  }
}
