/** What is simulated: the fleet, the load, the attack and how the routers judge. Data alone. */
import type { Attack } from './attacks.ts'

const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

/** How the routers choose and believe. */
export type Judgement =
  /** The mesh's own modules: ledger, checks by record, verification. */
  | { kind: 'evidence'; riskFactor?: number }
  /** What many systems do: the best rate of success first, a newcomer at 100 %, some results checked. */
  | { kind: 'naive'; checkShare: number; isPooled: boolean }

export interface Scenario {
  workers: number
  routers: number
  jobsPerSecond: number
  /** Share of the workers that are bad, 0 to 1. */
  badShare: number
  attack: Attack
  /** Bad workers give the same wrong answer. */
  isColluding: boolean
  /** Bad workers come back under a new name once they are found out, or get no more work. */
  isWhitewashing: boolean
  /** Bad workers claim four times their speed, and stand first wherever speed alone decides. */
  isFastest: boolean
  /** Share of the routers that belong to the attacker: they praise its workers and speak ill of all others. */
  badRouters: number
  /** Routers tell each other once a minute what they have seen. */
  isSharing: boolean
  judgement: Judgement
  /** Ends of the windows in which is counted; the last one is the end of all. */
  windowsMs: readonly number[]
}

export const DEFAULT_SCENARIO: Scenario = {
  workers: 100,
  routers: 5,
  jobsPerSecond: 40,
  badShare: 0.1,
  attack: { kind: 'steady', misdeed: 'wrong', share: 1 },
  isColluding: false,
  isWhitewashing: false,
  isFastest: false,
  badRouters: 0,
  isSharing: false,
  judgement: { kind: 'evidence' },
  windowsMs: [10 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS]
}
