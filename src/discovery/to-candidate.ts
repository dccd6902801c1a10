/** A known worker, put into the words of selection. */
import { ENFORCED, enforcementKey } from '../model/enforcement.ts'
import { LIMITS } from '../core/limits.ts'
import { isolationKey } from '../model/isolation.ts'
import { availabilityOf } from './worker-entry.ts'
import type { Candidate } from '../selection/candidate.ts'
import type {
  Capabilities,
  CapabilityRecord,
  LoadReport
} from '../model/generated/capability-record.ts'
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
  const loadAtMs = load === undefined ? entry.recordAtMs : entry.loadAtMs
  return {
    peerId: entry.peer,
    engines: record.engines,
    functions: record.functions ?? [],
    programs: record.programs ?? [],
    images: record.images ?? [],
    networkEngines: record.network ?? [],
    labels: record.labels,
    facts: { ...isolationFacts(record), ...enforcementFacts(record), ...machineFacts(record) },
    ...figuresOf(withLoad(record.capabilities, load)),
    ...roomOf(record),
    otherTasks: entry.otherTasks,
    ownTasks: entry.ownTasks,
    otherGpus: entry.otherGpus,
    ownGpus: entry.ownGpus,
    availability: availabilityOf(entry),
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

/** A session has room for so many unanswered requests; some are left for what is not a task. */
const SESSION_TASKS_MAX = LIMITS.sessionRequestsMax - 64

/** What a worker offers, as far as one session with it reaches. */
function roomOf(record: {
  slots: number
  queue_slots: number
}): Pick<Candidate, 'slots' | 'queueSlots'> {
  const slots = Math.min(record.slots, SESSION_TASKS_MAX)
  return { slots, queueSlots: Math.min(record.queue_slots, SESSION_TASKS_MAX - slots) }
}

/** A record's figures, with those that the last load report knows better. */
export function withLoad(capabilities: Capabilities, load: LoadReport | undefined): Capabilities {
  if (load === undefined) return { ...capabilities }
  const { cpu_usage, disk_available_mb, memory_available_mb } = load
  return { ...capabilities, cpu_usage, disk_available_mb, memory_available_mb }
}

function machineFacts({ agent, host }: CapabilityRecord): Candidate['facts'] {
  return { arch: host.arch, os: host.os, agent, node: host.node }
}

/** An older worker says nothing of it, and then no condition on it holds. */
function isolationFacts({ isolation = {} }: CapabilityRecord): Candidate['facts'] {
  return Object.fromEntries(
    Object.entries(isolation).map(([engine, name]) => [isolationKey(engine), name])
  )
}

function enforcementFacts({ enforces = {} }: CapabilityRecord): Candidate['facts'] {
  return Object.fromEntries(
    Object.entries(enforces).flatMap(([engine, resources]) =>
      resources.map((resource) => [enforcementKey(engine, resource), ENFORCED])
    )
  )
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
