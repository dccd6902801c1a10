/** A known worker, put into the words of selection. */
import { ENFORCED, enforcementKey } from '../model/enforcement.ts'
import { LIMITS } from '../core/limits.ts'
import { isolationKey } from '../model/isolation.ts'
import type { Candidate } from '../selection/candidate.ts'
import type {
  Capabilities,
  CapabilityRecord,
  LoadReport
} from '../model/generated/capability-record.ts'
import type { LoadFacts } from './worker-load.ts'

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

type RecordFacts = Figures &
  Pick<
    Candidate,
    | 'engines'
    | 'functions'
    | 'programs'
    | 'images'
    | 'networkEngines'
    | 'labels'
    | 'facts'
    | 'slots'
    | 'queueSlots'
  >

/** What this router's own experience says of a worker. */
export type Standing = Pick<
  Candidate,
  'reputation' | 'prospect' | 'evidenceCount' | 'evidenceLeft' | 'tier'
>

/** How fast processors are that say something absurd, and those that say nothing, in GHz. */
const SPEED_GHZ = { min: 0.1, max: 8, unknown: 2 }
/** None is faster than at its best. */
const SLOWDOWN = { min: 1, max: 100 }

/** A worker that has said what it is, and nothing of its load yet. @param ages grow by themselves */
export function newCandidate(
  peerId: string,
  record: CapabilityRecord,
  ages: Candidate['ages']
): Candidate {
  return {
    peerId,
    ...recordFacts(record),
    ...NO_LOAD,
    limits: undefined,
    speed: 1,
    cpuSpeed: 1,
    slowdown: 1,
    slowness: 1,
    isSuspected: false,
    availability: 'open',
    path: undefined,
    latencyMs: undefined,
    bytesPerMsTo: undefined,
    bytesPerMsFrom: undefined,
    tier: 'probation',
    reputation: 0,
    prospect: 1,
    evidenceCount: 0,
    evidenceLeft: 0,
    ages
  }
}

const NO_LOAD: LoadFacts = {
  running: 0,
  queued: 0,
  gpusTaken: 0,
  waitMs: 0,
  queuedMs: 0,
  workRate: 0,
  ownRate: 0,
  routers: 0,
  unseenCount: 0,
  unseenMs: 0,
  unseenGpus: 0,
  allowed: undefined
}

/** What a candidate has of its record alone. */
export function recordFacts(record: CapabilityRecord): RecordFacts {
  return {
    engines: record.engines,
    functions: record.functions ?? [],
    programs: record.programs ?? [],
    images: record.images ?? [],
    networkEngines: record.network ?? [],
    labels: record.labels,
    facts: { ...isolationFacts(record), ...enforcementFacts(record), ...machineFacts(record) },
    ...figuresOf(record.capabilities),
    ...roomOf(record)
  }
}

/** How fast a worker runs tasks, with the figures behind it. What it says of itself is kept within reason. */
export function speedOf(
  { cpu_speed_ghz: ghz }: Pick<Capabilities, 'cpu_speed_ghz'>,
  slowdown: number | undefined,
  slowness: number
): Pick<Candidate, 'speed' | 'cpuSpeed' | 'slowdown' | 'slowness'> {
  const cpuSpeed = ghz > 0 ? within(SPEED_GHZ, ghz) : SPEED_GHZ.unknown
  const slowed = within(SLOWDOWN, slowdown ?? 1)
  return { cpuSpeed, slowness, slowdown: slowed, speed: cpuSpeed / (slowed * slowness) }
}

function within({ max, min }: { max: number; min: number }, value: number): number {
  return Math.min(max, Math.max(min, value))
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

/** As many tasks of ours whoever is unknown may have at once, and as many may wait there. */
const UNPROVEN_TASKS_MAX = 64

/**
 * What of the room that a worker offers is believed: that of others' tasks, and beside it for as many of ours as it
 * has seen through lately. Slots cost nothing to claim, and who claims thousands would have every task, and keep it.
 */
export function believedRoom(
  record: CapabilityRecord,
  { evidenceLeft, prospect }: Pick<Standing, 'evidenceLeft' | 'prospect'>,
  othersCount: number
): Pick<Candidate, 'slots' | 'queueSlots'> {
  const { queueSlots, slots } = roomOf(record)
  const proven = Math.max(UNPROVEN_TASKS_MAX, Math.floor(evidenceLeft * prospect))
  return {
    slots: Math.min(slots, othersCount + proven),
    queueSlots: Math.min(queueSlots, proven)
  }
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
