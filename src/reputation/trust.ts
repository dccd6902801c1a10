/**
 * How far a worker's results are believed. Dependable service earns no trust: only results that were
 * verified do. Who returned a wrong one is kept from work for a while, four times as long after each further one.
 */

export const TIERS = ['probation', 'trusted', 'quarantined'] as const
export type Tier = (typeof TIERS)[number]

/** Right results in a row (as far as they have not faded) that end the probation. */
export const PROBATION_STREAK = 10

/** Of trusted workers, too, so many results are checked at least. */
export const CHECK_SHARE_MIN = 0.02
/** A streak as long as this has every second result checked. */
export const CHECK_STREAK = 10

const HOUR_MS = 3_600_000
export const QUARANTINE_MS = HOUR_MS
export const QUARANTINE_FACTOR = 4
export const QUARANTINE_MS_MAX = 30 * 24 * HOUR_MS

/** What the tier of a worker follows from. */
export interface Standing {
  streak: number
  /** 0: never. */
  quarantinedUntilMs: number
}

export function tierOf({ quarantinedUntilMs, streak }: Standing, nowMs: number): Tier {
  if (nowMs < quarantinedUntilMs) return 'quarantined'
  return streak < PROBATION_STREAK ? 'probation' : 'trusted'
}

/** The share of a worker's results that is to be checked, 0 to 1. */
export function checkProbability({ streak, tier }: { streak: number; tier: Tier }): number {
  if (tier !== 'trusted') return 1
  return Math.max(CHECK_SHARE_MIN, CHECK_STREAK / (CHECK_STREAK + streak))
}

/** How long a worker gets nothing after so many wrong results. */
export function quarantineMs(strikes: number): number {
  return Math.min(QUARANTINE_MS_MAX, QUARANTINE_MS * QUARANTINE_FACTOR ** (strikes - 1))
}
