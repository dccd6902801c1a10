/** A decision record as the text that is stored: one per attempt. */
import type { DecisionRecord } from '../model/generated/decision.ts'

export interface DecisionKey {
  jobId: string
  itemIndex: number
  attempt: number
}

export function toDecisionText(
  decision: DecisionRecord,
  { attempt, itemIndex, jobId }: DecisionKey
): string {
  return JSON.stringify({ ...decision, job_id: jobId, item: itemIndex, attempt })
}
