/**
 * Whether a task may come in now: the owner's word first, then what the machine has, then whether
 * there is room. Pure; what it needs to know is handed in.
 */
import { MeshError } from '../../core/errors.ts'
import { QUEUED_MS_MAX } from '../../selection/room.ts'
import { formatBytes, formatDuration } from '../../core/units.ts'

export type Availability = 'open' | 'cordoned' | 'draining' | 'stopping'

/** What the owner has laid down for this run. */
export interface AdmissionRules {
  slots: number
  queueSlots: number
  /** Tasks that this run may take in all. */
  jobsMax?: number | undefined
  /** Takes tasks only while the rest of the machine is idle. */
  isIdleOnly?: boolean | undefined
}

/** How things stand at the worker. */
export interface AdmissionFacts {
  availability: Availability
  /** Why it is not open. */
  reason: string | undefined
  running: number
  /** Tasks that wait for a slot, or for the word of the owner's rule. */
  waiting: number
  /** Expected work of those that wait for a slot, per slot. */
  queuedMs: number
  /** Tasks that have had a slot in this run. */
  begun: number
  cpuUsage: number
  cpuCores: number
  /** The most tasks at once in the time of which `cpuUsage` tells. */
  recentRunning: number
  memoryTotalBytes: number
}

/**
 * Tasks that may wait, where the owner says nothing. Enough for many short ones, as few long ones: how much
 * work may wait is bounded by time.
 */
const QUEUE_SLOTS_PER_SLOT = 8
const QUEUE_SLOTS_MAX = 512

export function usualQueueSlots(slots: number): number {
  return Math.min(QUEUE_SLOTS_MAX, QUEUE_SLOTS_PER_SLOT * slots)
}

/** What others may use of an idle machine: a desktop at rest stays well below. */
const IDLE_PERCENT = 25

/** @returns why the task may not come in; undefined when it may */
export function refusalOf(
  memoryBytesMax: number,
  facts: AdmissionFacts,
  rules: AdmissionRules
): MeshError | undefined {
  return (
    unavailable(facts, rules) ??
    tooLarge(memoryBytesMax, facts) ??
    notIdle(facts, rules) ??
    busy(facts, rules)
  )
}

/**
 * Percent of the machine that others use. Each of our tasks is taken to use one core: one that uses
 * less hides as much of others.
 */
export function otherUsagePercent(cpuUsage: number, cpuCores: number, running: number): number {
  return Math.min(100, Math.max(0, cpuUsage - (100 * running) / cpuCores))
}

/** Why a worker that is not open takes nothing. */
export function closedError(availability: Availability, reason: string | undefined): MeshError {
  if (availability === 'stopping') {
    return new MeshError('WORKER_STOPPING', 'this worker is stopping')
  }
  const state = availability === 'draining' ? 'being drained' : 'cordoned'
  return new MeshError(
    'WORKER_CORDONED',
    `this worker is ${state}${reason === undefined ? '' : `: ${reason}`}`
  )
}

function unavailable(facts: AdmissionFacts, rules: AdmissionRules): MeshError | undefined {
  const { availability, begun, reason, waiting } = facts
  if (availability !== 'open') return closedError(availability, reason)
  const { jobsMax } = rules
  if (jobsMax === undefined || begun + waiting < jobsMax) return undefined
  return closedError('cordoned', fullReason(jobsMax))
}

/** Said of a worker that has taken all that it was started for. */
export function fullReason(jobsMax: number): string {
  return `it was started for ${jobsMax} ${jobsMax === 1 ? 'task' : 'tasks'}`
}

function tooLarge(memoryBytesMax: number, facts: AdmissionFacts): MeshError | undefined {
  const totalBytes = facts.memoryTotalBytes
  if (memoryBytesMax <= totalBytes) return undefined
  return new MeshError(
    'RESOURCES_UNAVAILABLE',
    `the task wants ${formatBytes(memoryBytesMax)} of memory, this worker has ${formatBytes(totalBytes)}`,
    { path: 'resources.memory' }
  )
}

function notIdle(facts: AdmissionFacts, rules: AdmissionRules): MeshError | undefined {
  if (rules.isIdleOnly !== true) return undefined
  const percent = otherUsagePercent(facts.cpuUsage, facts.cpuCores, facts.recentRunning)
  if (percent < IDLE_PERCENT) return undefined
  return new MeshError(
    'OWNER_REFUSED',
    `this worker serves only while its machine is idle, and others use ${Math.round(percent)} % of it`
  )
}

/** Whether one more task would find a slot, or a place in a line that is not long in tasks or in time. */
export function isBusy(
  { queuedMs, running, waiting }: Pick<AdmissionFacts, 'queuedMs' | 'running' | 'waiting'>,
  { queueSlots, slots }: Pick<AdmissionRules, 'queueSlots' | 'slots'>
): boolean {
  if (running + waiting >= slots + queueSlots) return true
  return running >= slots && queuedMs > QUEUED_MS_MAX
}

function busy(facts: AdmissionFacts, rules: AdmissionRules): MeshError | undefined {
  if (!isBusy(facts, rules)) return undefined
  const { queuedMs, running, waiting } = facts
  const { slots } = rules
  const work = queuedMs === 0 ? '' : `, with work for ${formatDuration(Math.ceil(queuedMs))} each`
  return new MeshError(
    'WORKER_BUSY',
    `all ${slots} slots are taken and ${Math.max(0, running + waiting - slots)} tasks wait${work}`
  )
}
