/** A known worker, put into the words of selection. */
import type { Candidate } from '../selection/candidate.ts'
import type { Capabilities, LoadReport } from '../model/generated/capability-record.ts'
import type { WorkerEntry } from './worker-entry.ts'

type Figures = Pick<
  Candidate,
  | 'cpuCores'
  | 'cpuUsage'
  | 'memoryTotalMb'
  | 'memoryAvailableMb'
  | 'diskTotalMb'
  | 'diskAvailableMb'
  | 'gpuCount'
  | 'gpuMemoryMb'
  | 'gpuComputeUnits'
  | 'gpuUsage'
>

/**
 * @param nowMs monotonic, as the entry's times
 * @returns undefined while the worker's record is not there
 */
export function toCandidate(
  entry: WorkerEntry,
  reputation: { reputation: number; evidenceCount: number },
  nowMs: number
): Candidate | undefined {
  const { load, record } = entry
  if (record === undefined) return undefined
  const { host } = record
  const loadAtMs = load === undefined ? entry.recordAtMs : entry.loadAtMs
  return {
    peerId: entry.peer,
    engines: record.engines,
    labels: record.labels,
    facts: { arch: host.arch, os: host.os, agent: record.agent, node: host.node },
    ...figuresOf(withLoad(record.capabilities, load)),
    slots: record.slots,
    queueSlots: record.queue_slots,
    otherTasks: entry.otherTasks,
    ownTasks: entry.ownTasks,
    isStopping: load?.stopping ?? false,
    latencyMs: entry.session?.latencyMs,
    reputation: reputation.reputation,
    evidenceCount: reputation.evidenceCount,
    ages: {
      capabilitiesMs: nowMs - entry.recordAtMs,
      loadMs: nowMs - loadAtMs,
      latencyMs: 0,
      reputationMs: 0
    }
  }
}

/** A record's figures, with those that the last load report knows better. */
export function withLoad(capabilities: Capabilities, load: LoadReport | undefined): Capabilities {
  if (load === undefined) return { ...capabilities }
  const { cpu_usage, disk_available_mb, memory_available_mb } = load
  return { ...capabilities, cpu_usage, disk_available_mb, memory_available_mb }
}

function figuresOf(capabilities: Capabilities): Figures {
  return {
    cpuCores: capabilities.cpu_cores,
    cpuUsage: capabilities.cpu_usage,
    memoryTotalMb: capabilities.memory_total_mb,
    memoryAvailableMb: capabilities.memory_available_mb,
    diskTotalMb: capabilities.disk_total_mb,
    diskAvailableMb: capabilities.disk_available_mb,
    gpuCount: capabilities.gpu_count ?? (capabilities.gpu_available ? 1 : 0),
    gpuMemoryMb: capabilities.gpu_memory_mb ?? 0,
    gpuComputeUnits: capabilities.gpu_compute_units ?? 0,
    gpuUsage: capabilities.gpu_usage ?? 0
  }
}
