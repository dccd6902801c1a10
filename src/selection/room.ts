/**
 * Whether a worker that fits can take one more task now. No room is never a refusal: it passes, so the
 * task waits for it. This router's own tasks there count from the moment of sending, reported or not: that
 * keeps a burst from all going to whoever looked idle a second ago.
 */
import { formatDuration } from '../core/units.ts'
import { describeAllowance } from '../model/router-limits.ts'
import { formatMb } from './rule.ts'
import type { Candidate } from './candidate.ts'

/** `run`: a slot is free. `queue`: it would wait at the worker. The rest is no room. */
export type Room =
  | 'run'
  | 'queue'
  | 'slots-taken'
  | 'queue-taken'
  | 'memory-taken'
  | 'gpus-taken'
  | 'allowance-taken'

/**
 * No more expected work waits at a worker per slot: enough that it has the next task at hand when one ends,
 * little enough that a task that waits can still go to whoever is free first. Workers refuse more by themselves.
 */
export const QUEUED_MS_MAX = 250

/** What a task takes of a worker beside its slot. */
export interface Need {
  memoryMb: number
  diskMb: number
  gpuCount: number
}

export function roomOf(candidate: Candidate, need: Need): Room {
  const tasks = tasksOf(candidate)
  const { queueSlots, slots } = candidate
  if (!(tasks < slots + queueSlots)) return 'slots-taken'
  const { allowed, unseenCount } = candidate
  if (allowed !== undefined && !(allowed - unseenCount >= 1)) return 'allowance-taken'
  if (!(candidate.memoryAvailableMb >= need.memoryMb)) return 'memory-taken'
  if (need.gpuCount > 0 && !(freeGpus(candidate) >= need.gpuCount)) return 'gpus-taken'
  if (tasks < slots) return 'run'
  return candidate.queuedMs + candidate.unseenMs / slots <= QUEUED_MS_MAX ? 'queue' : 'queue-taken'
}

const NO_NEED: Need = { memoryMb: 0, diskMb: 0, gpuCount: 0 }

/** Whether it would take anything at all now. */
export function hasRoom(candidate: Candidate): boolean {
  if (candidate.availability !== 'open' || candidate.isSuspected) return false
  const room = roomOf(candidate, NO_NEED)
  return room === 'run' || room === 'queue'
}

/** Whether that is room at all, in a slot or in line. */
export function isRoom(room: Room): room is 'run' | 'queue' {
  return room === 'run' || room === 'queue'
}

export function freeSlots(candidate: Candidate): number {
  return Math.max(0, candidate.slots - tasksOf(candidate))
}

/** Why there is no room, with what is taken. */
export function describeNoRoom(candidate: Candidate, need: Need): string {
  return `no room now: ${whatIsTaken(candidate, need)}`
}

function whatIsTaken(candidate: Candidate, need: Need): string {
  const { slots, queueSlots, memoryAvailableMb, memoryTotalMb } = candidate
  switch (roomOf(candidate, need)) {
    case 'memory-taken':
      return `the task needs ${formatMb(need.memoryMb, 'up')} memory, ${formatMb(memoryAvailableMb, 'down')} of ${formatMb(memoryTotalMb, 'down')} are free`
    case 'gpus-taken':
      return `the task needs ${need.gpuCount} GPUs, ${freeGpus(candidate)} of ${candidate.gpuCount} are free`
    case 'allowance-taken':
      return `its owner lets this router have ${describeAllowance(candidate.limits ?? {})}`
    case 'queue-taken': {
      const waitingMs = Math.round(candidate.queuedMs + candidate.unseenMs / slots)
      const waiting = `${formatDuration(waitingMs)} of work waits for each slot`
      return `has ${counted(tasksOf(candidate), 'task')} in ${counted(slots, 'slot')}, and ${waiting}`
    }
    case 'slots-taken':
    case 'queue':
    case 'run': {
      const queue = queueSlots === 0 ? '' : ` and ${counted(queueSlots, 'queue slot')}`
      return `has ${counted(tasksOf(candidate), 'task')} in ${counted(slots, 'slot')}${queue}`
    }
  }
}

/** `3 tasks`, `1 task` */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A GPU is one task's alone, this router's or another's. */
function freeGpus({ gpuCount, gpusTaken, unseenGpus }: Candidate): number {
  return Math.max(0, gpuCount - gpusTaken - unseenGpus)
}

/** All that it has, and all that is on its way there from here. */
export function tasksOf({ queued, running, unseenCount }: Candidate): number {
  return running + queued + unseenCount
}
