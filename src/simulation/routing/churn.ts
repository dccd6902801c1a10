/**
 * What goes wrong with machines: each crashes every two minutes on the average, in half of the cases without
 * a word; each is slow for a while every twenty seconds; and one task in a hundred takes five times as long.
 */
import { exponential, hashToUnit } from './chance.ts'
import type { EventQueue } from './event-queue.ts'
import type { Random } from '../../core/random.ts'

/** Means, in milliseconds. */
const CRASH_EVERY_MS = 120_000
const DOWN_MS = 5_000
const SLOW_EVERY_MS = 20_000
const SLOW_FOR_MS = 2_500
const SLOW_FACTOR = 4
const STRAGGLER_SHARE = 0.01
const STRAGGLER_FACTOR = 5
const SILENT_SHARE = 0.5
/** Until routers notice a machine that went without a word. */
const SILENCE_NOTICED_MS = 3_000

/** A machine to which such things happen. */
export interface Mortal {
  crash(detectedAtMs: number): void
  recover(): void
  setSlow(factor: number): void
}

/** What is left of a fleet's capacity. */
export function availableShare(): number {
  const up = CRASH_EVERY_MS / (CRASH_EVERY_MS + DOWN_MS)
  const slow = SLOW_FOR_MS / (SLOW_FOR_MS + SLOW_EVERY_MS)
  const speed = 1 - slow + slow / SLOW_FACTOR
  return (up * speed) / (1 + STRAGGLER_SHARE * (STRAGGLER_FACTOR - 1))
}

/** How many times longer an attempt takes; the same for every policy. */
export function stragglerFactor(jobId: number, attempt: number, seed: number): number {
  return hashToUnit(jobId, attempt, seed) < STRAGGLER_SHARE ? STRAGGLER_FACTOR : 1
}

/** Lets a machine crash and slow down from now on. */
export function letFail(machine: Mortal, events: EventQueue, random: Random): void {
  const planCrash = (): void => {
    events.after(exponential(random, CRASH_EVERY_MS), () => {
      const downMs = exponential(random, DOWN_MS)
      const isSilent = random.next() < SILENT_SHARE
      const noticedMs = isSilent ? Math.min(SILENCE_NOTICED_MS, downMs) : 0
      machine.crash(events.nowMs + noticedMs)
      events.after(downMs, () => {
        machine.recover()
        planCrash()
      })
    })
  }
  const planSlow = (): void => {
    events.after(exponential(random, SLOW_EVERY_MS), () => {
      machine.setSlow(SLOW_FACTOR)
      events.after(exponential(random, SLOW_FOR_MS), () => {
        machine.setSlow(1)
        planSlow()
      })
    })
  }
  planCrash()
  planSlow()
}
