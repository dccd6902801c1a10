/** Generated from schemas/api/series.schema.json by `npm run generate`; do not edit. */

/**
 * How it went over time: one sample per step, oldest first. It is kept in memory: the last hour in steps of five seconds, the last day in steps of two minutes.
 */
export interface SeriesView {
  step_ms: number
  samples: SeriesSample[]
}
/**
 * Counts are of the step that ends at `at_ms`; the others as they were at its end. A monitor has those of workers alone.
 *
 * This interface was referenced by `SeriesView`'s JSON-Schema
 * via the `definition` "sample".
 */
export interface SeriesSample {
  /**
   * Milliseconds since 1970.
   */
  at_ms: number
  workers_ready: number
  slots_total: number
  slots_busy?: number
  items_submitted?: number
  items_completed?: number
  items_failed?: number
  /**
   * Attempts that failed or were lost, whatever became of their items.
   */
  attempts_failed?: number
  items_queued?: number
  items_running?: number
  /**
   * From ready to run to sent to a worker, of the attempts that began in the step; null where none did.
   */
  wait_p50_ms?: number | null
  wait_p99_ms?: number | null
  /**
   * From submission to result, of the items that ended in the step; null where none did.
   */
  latency_p50_ms?: number | null
  latency_p99_ms?: number | null
  /**
   * Of files.
   */
  bytes_received?: number
  /**
   * Of files.
   */
  bytes_sent?: number
}
