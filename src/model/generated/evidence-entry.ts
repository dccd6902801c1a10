/** Generated from schemas/evidence-entry.schema.json by `npm run generate`; do not edit. */

/**
 * One outcome that counted for or against a worker, with all that is needed to count it again.
 */
export interface EvidenceEntry {
  at_ms: number
  worker: string
  kind: 'completed' | 'failed' | 'right' | 'wrong' | 'outdone' | 'lied' | 'cleared'
  task_type?: string
  /**
   * Of a completed task: from its dispatch to its result.
   */
  latency_ms?: number
  /**
   * How long that was expected to take.
   */
  promised_ms?: number
  /**
   * Of a failed one: the error that it was the worker's fault by.
   */
  code?: string
  /**
   * Of a cleared one: the fault that is taken back.
   */
  of?: 'lost' | 'crashed' | 'invalid' | 'failed' | 'outdone' | 'lied'
  /**
   * When that was counted.
   */
  blamed_at_ms?: number
  job?: string
  /**
   * Its number in the job.
   */
  item?: number
  attempt?: number
  /**
   * Base64 of what the worker has signed about it.
   */
  receipt?: string
}
