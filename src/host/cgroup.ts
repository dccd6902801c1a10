/**
 * Reads what Linux control groups grant this process, version 1 and 2, fractions of a core included.
 * It decides nothing: no file, no limit. Synchronous, because it is read in a thread of its own.
 */
import { join } from 'node:path'
import { cgroupFolders, readField, readText, toNumber } from '../core/cgroup-files.ts'
import type { CgroupPaths } from '../core/cgroup-files.ts'

export interface CpuQuota {
  cores: number
  /** Processor time the limited group has used so far, where the kernel tells. */
  usedMs: number | undefined
}

/** The tightest quota of this process's group and the groups above it; undefined without one. */
export function readCpuQuota(init: CgroupPaths = {}): CpuQuota | undefined {
  const quotas: CpuQuota[] = []
  for (const folder of cgroupFolders(init, '')) {
    const cores = parseCpuMax(readText(join(folder, 'cpu.max')))
    const usedMs = toMs(readField(join(folder, 'cpu.stat'), 'usage_usec'), 1e3)
    if (cores !== undefined) quotas.push({ cores, usedMs })
  }
  for (const folder of cgroupFolders(init, 'cpu')) {
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
    readFirst(cgroupFolders(init, ''), 'inactive_file') ??
    readFirst(cgroupFolders(init, 'memory'), 'total_inactive_file')
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

function readFirst(folders: readonly string[], field: string): number | undefined {
  for (const folder of folders) {
    const value = readField(join(folder, 'memory.stat'), field)
    if (value !== undefined) return value
  }
  return undefined
}

function toMs(value: number | undefined, perMs: number): number | undefined {
  return value === undefined ? undefined : value / perMs
}
