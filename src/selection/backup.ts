/**
 * Whether a task that takes longer than expected is worth a copy elsewhere. Copies are for an idle fleet: hedging by
 * time alone costs a tenth of all work where run times have a heavy tail, as then the long tasks are copied. These
 * here cost nothing under load, and took a third off the end of batches (the design's simulation). Pure.
 */
import { LATENCY_ASSUMED_MS } from './scores.ts'
import { freeSlots } from './room.ts'
import type { Candidate } from './candidate.ts'

/** An attempt that is open. */
export interface Straggler {
  workerId: string
  /** Since it was sent. */
  elapsedMs: number
  /** How long such a task is expected to run there. */
  runMs: number
  latencyMs: number
}

/** Above this share of the fleet's slots taken, whatever is free is for what waits. */
const OCCUPANCY_MAX = 0.4
/** A copy has to save half of the time at least. */
const WORTH_SHARE = 0.5
/** So many copies may run at a time, or this share of all attempts. */
const COPIES_MIN = 2
const COPIES_SHARE = 0.05
const RUN_MS_MIN = 0.01

/** Copies that may run beside so many open attempts. */
export function copiesMax(openCount: number): number {
  return Math.max(COPIES_MIN, Math.floor(openCount * COPIES_SHARE))
}

/** Whether the fleet has so much room that copies take it from nobody. */
export function isMostlyIdle(candidates: readonly Candidate[]): boolean {
  let slots = 0
  let free = 0
  for (const candidate of candidates) {
    if (candidate.availability !== 'open' || candidate.isSuspected) continue
    slots += candidate.slots
    free += freeSlots(candidate)
  }
  return slots > 0 && slots - free <= OCCUPANCY_MAX * slots
}

export function isStraggling({ elapsedMs, latencyMs, runMs }: Straggler): boolean {
  return elapsedMs > runMs + latencyMs
}

/** Whether it would be done there in half the time that it has taken so far, were it as much longer there. */
export function isWorthCopy(
  straggler: Straggler,
  { latencyMs = LATENCY_ASSUMED_MS, peerId, speed }: Candidate,
  workMs: number
): boolean {
  const { elapsedMs, workerId } = straggler
  const runMs = Math.max(RUN_MS_MIN, straggler.runMs)
  const againMs = workMs / speed
  const doneMs = latencyMs + againMs + (elapsedMs * againMs) / runMs
  return peerId !== workerId && doneMs < WORTH_SHARE * Math.max(runMs, elapsedMs)
}
