/** What the formulas are filled with, as an export names it: whoever recounts with others gets other scores. */
import {
  FAULT_WEIGHTS,
  GOOD_WEIGHT,
  LATE_BAD_WEIGHT,
  LATE_FACTOR,
  LATE_MS_MIN
} from './outcomes.ts'
import {
  BAD_HALF_LIFE_MS,
  GOOD_HALF_LIFE_MS,
  PRIOR_COUNT,
  PRIOR_GOOD,
  PRIOR_RIGHT,
  RELIABILITY_MIN,
  WRONG_WEIGHT
} from './score.ts'
import { PROBATION_STREAK, QUARANTINE_FACTOR, QUARANTINE_MS, QUARANTINE_MS_MAX } from './trust.ts'
import type { ReputationParameters } from '../model/generated/reputation-export.ts'

export const PARAMETERS: ReputationParameters = {
  good_half_life_ms: GOOD_HALF_LIFE_MS,
  bad_half_life_ms: BAD_HALF_LIFE_MS,
  prior_good: PRIOR_GOOD,
  prior_count: PRIOR_COUNT,
  reliability_min: RELIABILITY_MIN,
  prior_right: PRIOR_RIGHT,
  wrong_weight: WRONG_WEIGHT,
  good_weight: GOOD_WEIGHT,
  late_factor: LATE_FACTOR,
  late_ms_min: LATE_MS_MIN,
  late_bad_weight: LATE_BAD_WEIGHT,
  fault_weights: { ...FAULT_WEIGHTS },
  probation_streak: PROBATION_STREAK,
  quarantine_ms: QUARANTINE_MS,
  quarantine_factor: QUARANTINE_FACTOR,
  quarantine_ms_max: QUARANTINE_MS_MAX
}
