/**
 * How often a worker says that it is there. All workers of a namespace are heard by each of its routers and
 * bootstraps, so that the time between two messages grows with their number and what a node hears does not:
 *
 *     period = 15 s, or N / 50 per second where that is more: 15 s up to 750 workers, 200 s for 10,000
 *
 * It need not be often. A router knows by its session within seconds that a worker is lost; presence is for those
 * who have none with it yet, and for the registries.
 */

/** Messages that a node hears in a second from all workers: a tenth of a core, and 25 KB where most are beats. */
const HEARD_PER_SECOND = 50
const PERIOD_MS_MIN = 15_000
/** 90,000 workers; of more a node hears more. */
const PERIOD_MS_MAX = 1_800_000
/** Three that went lost, each at its latest. */
const PERIODS_MISSED = 4
const TTL_EXTRA_MS = 30_000

export interface PresencePace {
  /** Between two messages. */
  periodMs: number
  /** The same at least, whatever there is to say: one that comes to listen has all of them say it. */
  gapMs: number
  /** For how long one may be believed. */
  ttlS: number
}

/** @param workerCount as many as are believed to be there */
export function presencePace(workerCount: number, minMs: number = PERIOD_MS_MIN): PresencePace {
  const gapMs = Math.min(PERIOD_MS_MAX, (workerCount * 1_000) / HEARD_PER_SECOND)
  const periodMs = Math.max(minMs, gapMs)
  return { periodMs, gapMs, ttlS: Math.ceil((PERIODS_MISSED * periodMs + TTL_EXTRA_MS) / 1_000) }
}
