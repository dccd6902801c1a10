/**
 * Reads what Linux control groups grant this process, version 1 and 2, fractions of a core included.
 * It decides nothing: no file, no limit. Synchronous, because it is read in a thread of its own.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CpuQuota {
  cores: number
  /** Processor time the limited group has used so far, where the kernel tells. */
  usedMs: number | undefined
}

export interface CgroupPaths {
  /** Where the groups are mounted. @default '/sys/fs/cgroup' */
  root?: string
  /** Which groups this process is in. @default '/proc/self/cgroup' */
  membership?: string
}

const DEFAULT_PATHS = { root: '/sys/fs/cgroup', membership: '/proc/self/cgroup' } as const

/** The tightest quota of this process's group and the groups above it; undefined without one. */
export function readCpuQuota(init: CgroupPaths = {}): CpuQuota | undefined {
  const quotas: CpuQuota[] = []
  for (const folder of groupFolders(init, '')) {
    const cores = parseCpuMax(readText(join(folder, 'cpu.max')))
    const usedMs = toMs(readField(join(folder, 'cpu.stat'), 'usage_usec'), 1e3)
    if (cores !== undefined) quotas.push({ cores, usedMs })
  }
  for (const folder of groupFolders(init, 'cpu')) {
    const cores = parseCfsQuota(
      readText(join(folder, 'cpu.cfs_quota_us')),
      readText(join(folder, 'cpu.cfs_period_us'))
    )
    const usedMs = toMs(toNumber(readText(join(folder, 'cpuacct.usage'))), 1e6)
    if (cores !== undefined) quotas.push({ cores, usedMs })
  }
  return quotas.toSorted((left, right) => left.cores - right.cores)[0]
}

/** Page cache of this process's group that the kernel can give back; undefined when it doesn't tell. */
export function readReclaimableBytes(init: CgroupPaths = {}): number | undefined {
  return (
    readFirst(groupFolders(init, ''), 'inactive_file') ??
    readFirst(groupFolders(init, 'memory'), 'total_inactive_file')
  )
}

/** `150000 100000` → 1.5 cores; `max 100000` → no limit. */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(/\s+/)
  return parseCfsQuota(quota, period)
}

/** Microseconds of processor time per period of microseconds; -1 is no limit. */
export function parseCfsQuota(
  quota: string | undefined,
  period: string | undefined
): number | undefined {
  const cores = (toNumber(quota) ?? 0) / (toNumber(period) ?? 0)
  return Number.isFinite(cores) && cores > 0 ? cores : undefined
}

/**
 * The folders of a controller, the process's own group first and the mount's root last. Inside a
 * container the path may be the host's and not exist here; its root then is the container's group.
 */
function groupFolders(init: CgroupPaths, controller: string): string[] {
  const { root, membership } = { ...DEFAULT_PATHS, ...init }
  const lines = (readText(membership) ?? '').split('\n').map((line) => line.trim().split(':'))
  const line = lines.find(([, names = '']) => names.split(',').includes(controller))
  if (line === undefined) return []
  const names = line
    .slice(2)
    .join(':')
    .split('/')
    .filter((name) => name !== '')
  const parts = names.includes('..') ? [] : names
  return Array.from({ length: parts.length + 1 }, (_, index) =>
    join(root, controller, ...parts.slice(0, parts.length - index))
  )
}

function readFirst(folders: readonly string[], field: string): number | undefined {
  for (const folder of folders) {
    const value = readField(join(folder, 'memory.stat'), field)
    if (value !== undefined) return value
  }
  return undefined
}

/** One figure of a file with lines such as `usage_usec 12345`. */
function readField(path: string, field: string): number | undefined {
  const line = readText(path)
    ?.split('\n')
    .find((text) => text.startsWith(`${field} `))
  return toNumber(line?.slice(field.length))
}

/** Most of these files don't exist on most machines, so that is no error. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function toNumber(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '')
  return Number.isFinite(value) ? value : undefined
}

function toMs(value: number | undefined, perMs: number): number | undefined {
  return value === undefined ? undefined : value / perMs
}
