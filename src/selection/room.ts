/**
 * Whether a worker that fits can take one more task now. No room is never a refusal: it passes, so the
 * task waits for it. This router's own tasks there count from the moment of sending, reported or not: that
 * keeps a burst from all going to whoever looked idle a second ago.
 */
import type { Candidate } from './candidate.ts'

/** `run`: a slot is free. `queue`: it would wait at the worker. The rest is no room. */
export type Room = 'run' | 'queue' | 'slots-taken' | 'memory-taken'

export function roomOf(candidate: Candidate, memoryMb: number): Room {
  const tasks = tasksOf(candidate)
  if (!(tasks < candidate.slots + candidate.queueSlots)) return 'slots-taken'
  if (!(candidate.memoryAvailableMb >= memoryMb)) return 'memory-taken'
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
export function describeNoRoom(candidate: Candidate, memoryMb: number): string {
  const { slots, queueSlots, memoryAvailableMb, memoryTotalMb } = candidate
  if (roomOf(candidate, memoryMb) === 'memory-taken') {
    return `no room now: needs ${Math.ceil(memoryMb)} MB memory, ${Math.floor(memoryAvailableMb)} MB of ${Math.floor(memoryTotalMb)} MB are free`
  }
  const queue = queueSlots === 0 ? '' : ` and ${queueSlots} queue slots`
  return `no room now: has ${tasksOf(candidate)} tasks in ${slots} slots${queue}`
}

function tasksOf(candidate: Candidate): number {
  return candidate.otherTasks + candidate.ownTasks
}
