/**
 * Why something of a job changed: a closed list, so that programs can act on it and nobody has to read
 * sentences. A change that a failure caused carries the code of that failure from `core/errors.ts`
 * instead; no code stands in both lists. `docs/reasons.md` explains each; a test keeps the two equal.
 */
import type { ErrorCode } from '../core/errors.ts'

export const REASONS = [
  // A job comes in, or may begin.
  'SUBMITTED',
  'WAITS_FOR_NEEDS',
  'WAITS_FOR_TIME',
  'WAITS_FOR_INPUTS',
  'NEEDS_MET',
  'TIME_CAME',
  'INPUTS_FETCHING',
  'INPUTS_CAME',
  'SCHEDULE_FIRED',
  'SCHEDULE_SKIPPED',
  // People and the router's own life.
  'HELD_BY_USER',
  'RELEASED',
  'STOP_REQUESTED',
  'ROUTER_RESTARTED',
  // An attempt's way.
  'OFFERED',
  'ACCEPTED',
  'FETCHING',
  'RUNNING',
  'PUBLISHING',
  'RECONNECTED',
  'COMPLETED',
  'COPY_SUPERSEDED',
  'RESULT_REUSED',
  'LATE_RESULT'
] as const

export type Reason = (typeof REASONS)[number]

export type ReasonCode = Reason | ErrorCode
