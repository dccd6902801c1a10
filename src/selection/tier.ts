/**
 * The order in which workers are considered at all, before any score: score decides only within a tier.
 * With `sameWorker: avoid`, a worker that was tried comes after every untried one that has room, even
 * one that would only queue the task. It is still taken rather than waiting for an untried worker that
 * is full: a task never starves for the sake of a wish; `never` is there for those who mean it.
 */
import { roomOf } from './room.ts'
import type { Candidate } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'

/** Lower goes first. */
export const TIERS = { run: 0, queue: 1, runAgain: 2, queueAgain: 3, noRoom: 4 } as const
export type Tier = (typeof TIERS)[keyof typeof TIERS]

/** The tier of a worker that no rule refuses. */
export function tierOf({ request, need }: CompiledRequest, candidate: Candidate): Tier {
  const room = roomOf(candidate, need)
  if (room !== 'run' && room !== 'queue') return TIERS.noRoom
  const { sameWorker, triedWorkers } = request
  if (sameWorker === 'avoid' && triedWorkers.includes(candidate.peerId)) {
    return room === 'run' ? TIERS.runAgain : TIERS.queueAgain
  }
  return room === 'run' ? TIERS.run : TIERS.queue
}

/** Whether a task would start there at once. */
export function canRun(tier: Tier): boolean {
  return tier === TIERS.run || tier === TIERS.runAgain
}

export function isTriedBefore(tier: Tier): boolean {
  return tier === TIERS.runAgain || tier === TIERS.queueAgain
}
