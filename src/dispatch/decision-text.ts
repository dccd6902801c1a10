/** A decision record as the text that is stored: one per attempt, so its length is most of what a dispatch costs. */
import type { DecisionCandidate, DecisionRecord } from '../model/generated/decision.ts'

/** No person reads more of a score, and 17 digits a figure were half of the record. */
const DIGITS = 4

export interface DecisionKey {
  jobId: string
  itemIndex: number
  attempt: number
}

/** @param decision is rounded in place */
export function toDecisionText(
  decision: DecisionRecord,
  { attempt, itemIndex, jobId }: DecisionKey
): string {
  for (const candidate of decision.candidates) roundCandidate(candidate)
  return JSON.stringify({ ...decision, job_id: jobId, item: itemIndex, attempt })
}

function roundCandidate(candidate: DecisionCandidate): void {
  candidate.score = round(candidate.score)
  if (candidate.preference !== undefined) candidate.preference = round(candidate.preference)
  if (candidate.probability !== undefined) candidate.probability = round(candidate.probability)
  for (const term of Object.values(candidate.terms)) {
    term.raw = round(term.raw)
    term.score = round(term.score)
    term.weighted = round(term.weighted)
    term.age_ms = Math.round(term.age_ms)
  }
}

/** What has more digits before the point keeps them: the megabytes of a large machine do. */
function round(value: number): number {
  return Math.abs(value) >= 10 ** DIGITS ? Math.round(value) : Number(value.toPrecision(DIGITS))
}
