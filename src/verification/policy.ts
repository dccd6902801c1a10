/** How far a worker's result is believed before anybody compares it: which share of its results is checked. Pure. */
import type { VerifyPlan } from '../model/verify-plan.ts'

/** What is known of a worker's results. */
export interface Standing {
  tier: 'probation' | 'trusted' | 'quarantined'
  /** The share of its results that its record asks to be checked, 0 to 1. */
  checkProbability: number
}

/** Whose results will do for a copy: best a trusted worker's, or only such a one's. */
export type Trust = 'trusted_first' | 'trusted_only'

/** The share of a worker's results that is checked by a copy elsewhere, 0 to 1. */
export function checkedShare(
  { mode, share }: Pick<VerifyPlan, 'mode' | 'share'>,
  { checkProbability, tier }: Standing
): number {
  switch (mode) {
    case 'none':
      return 0
    case 'spot':
      // What was found wrong elsewhere meanwhile is no longer taken on trust.
      return tier === 'quarantined' ? 1 : share
    case 'adaptive':
      return checkProbability
    case 'quorum':
      return 1
  }
}
