/**
 * Where this worker may make control groups for its tasks, and what their files are called: version 2
 * where a subtree was delegated to it, version 1 where its own groups are writable, or nowhere.
 */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs'
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
  /** What is written, or `memory` or `processes` for a task's own limit. */
  value: string
  /** Not on every kernel. */
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
  /** Its own field where the file has several figures, and how many of its units are a millisecond. */
  cpuTime: (GroupFile & { field?: string; perMs: number }) | undefined
}

/** Version 2 wants no process beside the groups of tasks: the worker itself moves in here. */
const OWN_GROUP = 'taskmesh-worker'

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
  if (!isWritable(parent) || !enable(parent)) return undefined
  return {
    version: 2,
    parents: [parent],
    limits: [
      { parent, name: 'memory.max', value: 'memory' },
      // Otherwise the limit would only push a task's memory out to the disk.
      { parent, name: 'memory.swap.max', value: '0', isOptional: true },
      { parent, name: 'memory.oom.group', value: '1', isOptional: true },
      { parent, name: 'pids.max', value: 'processes' }
    ],
    outOfMemory: { parent, name: 'memory.events' },
    peakMemory: { parent, name: 'memory.peak' },
    cpuTime: { parent, name: 'cpu.stat', field: 'usage_usec', perMs: 1e3 }
  }
}

/** Has the subtree's groups hold memory and processes; the worker and its children move aside for that. */
function enable(parent: string): boolean {
  const enabled = (readText(join(parent, 'cgroup.subtree_control')) ?? '').trim().split(' ')
  if (enabled.includes('memory') && enabled.includes('pids')) return true
  const ours = new Set([process.pid, ...descendants(process.pid)])
  const inside = (readText(join(parent, 'cgroup.procs')) ?? '').split('\n').filter(Boolean)
  // What others run here isn't ours to move, and while it stays the kernel refuses.
  if (inside.some((pid) => !ours.has(Number(pid)))) return false
  try {
    mkdirSync(join(parent, OWN_GROUP), { recursive: true })
    for (const pid of inside) writeFileSync(join(parent, OWN_GROUP, 'cgroup.procs'), pid)
    writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory +pids')
    return true
  } catch {
    // Not delegated as it seemed; tasks are then held by a watch.
    return false
  }
}

function findVersion1(paths: CgroupPaths): GroupLayout | undefined {
  const [memory, pids, cpuacct] = ['memory', 'pids', 'cpuacct'].map(
    (controller) => cgroupFolders(paths, controller).find(existsSync) ?? ''
  ) as [string, string, string]
  if (!isWritable(memory)) return undefined
  const hasPids = isWritable(pids)
  const hasCpu = isWritable(cpuacct)
  return {
    version: 1,
    parents: [...new Set([memory, ...(hasPids ? [pids] : []), ...(hasCpu ? [cpuacct] : [])])],
    limits: [
      { parent: memory, name: 'memory.limit_in_bytes', value: 'memory' },
      // Memory and swap together; it may not be below the limit of memory, so it comes after.
      { parent: memory, name: 'memory.memsw.limit_in_bytes', value: 'memory', isOptional: true },
      ...(hasPids ? [{ parent: pids, name: 'pids.max', value: 'processes' }] : [])
    ],
    outOfMemory: { parent: memory, name: 'memory.oom_control' },
    peakMemory: { parent: memory, name: 'memory.max_usage_in_bytes' },
    cpuTime: hasCpu ? { parent: cpuacct, name: 'cpuacct.usage', perMs: 1e6 } : undefined
  }
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
