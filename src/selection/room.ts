/**
 * Whether a worker that fits can take one more task now. No room is never a refusal: it passes, so the
 * task waits for it. This router's own tasks there count from the moment of sending, reported or not: that
 * keeps a burst from all going to whoever looked idle a second ago.
 */
import { formatMb } from './rule.ts'
import type { Candidate } from './candidate.ts'

/** `run`: a slot is free. `queue`: it would wait at the worker. The rest is no room. */
export type Room = 'run' | 'queue' | 'slots-taken' | 'memory-taken' | 'gpus-taken'

/** What a task takes of a worker beside its slot. */
export interface Need {
  memoryMb: number
  gpuCount: number
}

export function roomOf(candidate: Candidate, need: Need): Room {
  const tasks = tasksOf(candidate)
  if (!(tasks < candidate.slots + candidate.queueSlots)) return 'slots-taken'
  if (!(candidate.memoryAvailableMb >= need.memoryMb)) return 'memory-taken'
  if (need.gpuCount > 0 && !(freeGpus(candidate) >= need.gpuCount)) return 'gpus-taken'
  return tasks < candidate.slots ? 'run' : 'queue'
}

export function freeSlots(candidate: Candidate): number {
  return Math.max(0, candidate.slots - tasksOf(candidate))
}

/**
 * How much of the worker is free, 0 to 1: of its slots, or of its queue for a task that would wait there.
 * A worker with half of its slots free is drawn half as often as it would be with all of them free.
 */
export function freeShare(candidate: Candidate, room: 'run' | 'queue'): number {
  const { slots, queueSlots } = candidate
  if (room === 'run') return freeSlots(candidate) / slots
  return Math.min(1, (slots + queueSlots - tasksOf(candidate)) / queueSlots)
}

/** Why there is no room, with what is taken. */
export function describeNoRoom(candidate: Candidate, need: Need): string {
  return `no room now: ${whatIsTaken(candidate, need)}`
}

function whatIsTaken(candidate: Candidate, { gpuCount, memoryMb }: Need): string {
  const { slots, queueSlots, memoryAvailableMb, memoryTotalMb } = candidate
  switch (roomOf(candidate, { gpuCount, memoryMb })) {
    case 'memory-taken':
      return `the task needs ${formatMb(memoryMb, 'up')} memory, ${formatMb(memoryAvailableMb, 'down')} of ${formatMb(memoryTotalMb, 'down')} are free`
    case 'gpus-taken':
      return `the task needs ${gpuCount} GPUs, ${freeGpus(candidate)} of ${candidate.gpuCount} are free`
    case 'slots-taken':
    case 'queue':
    case 'run': {
      const queue = queueSlots === 0 ? '' : ` and ${queueSlots} queue slots`
      return `has ${tasksOf(candidate)} tasks in ${slots} slots${queue}`
    }
  }
}

/** A GPU is one task's alone, this router's or another's. */
function freeGpus({ gpuCount, otherGpus, ownGpus }: Candidate): number {
  return Math.max(0, gpuCount - otherGpus - ownGpus)
}

function tasksOf(candidate: Candidate): number {
  return candidate.otherTasks + candidate.ownTasks
}
