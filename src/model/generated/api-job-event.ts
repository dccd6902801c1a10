/** Generated from schemas/api/job-event.schema.json by `npm run generate`; do not edit. */

/**
 * One change of a job, as the event stream sends it.
 */
export interface JobEvent {
  job_id: string
  state: 'pending' | 'queued' | 'running' | 'completed' | 'failed' | 'stopped' | 'held'
  counts: ItemCounts
  at_ms: number
}
export interface ItemCounts {
  queued: number
  running: number
  completed: number
  failed: number
  stopped: number
}
