/** Generated from schemas/commands/stop-task.schema.json by `npm run generate`; do not edit. */

/**
 * From a router to a worker: ends an attempt. Answered once its process is gone.
 */
export interface StopTask {
  params: StopTaskParams
  result: StopTaskResult
}
/**
 * This interface was referenced by `StopTask`'s JSON-Schema
 * via the `definition` "params".
 */
export interface StopTaskParams {
  /**
   * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
   */
  lease_id: string
  reason: string
  /**
   * How long the task may still go on; what its assignment says when absent.
   */
  kill_after_ms?: number
}
/**
 * This interface was referenced by `StopTask`'s JSON-Schema
 * via the `definition` "result".
 */
export interface StopTaskResult {
  /**
   * `ended`: it was over before. `unknown`: it is not here.
   */
  state: 'stopped' | 'ended' | 'unknown'
}
