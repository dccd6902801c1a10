/** Generated from schemas/commands/set-availability.schema.json by `npm run generate`; do not edit. */

/**
 * From whoever runs a worker, through a router: whether it takes new tasks, and until when those it runs may go on.
 */
export interface SetAvailability {
  params: SetAvailabilityParams
  result: SetAvailabilityResult
}
/**
 * This interface was referenced by `SetAvailability`'s JSON-Schema
 * via the `definition` "params".
 */
export interface SetAvailabilityParams {
  /**
   * `cordoned`: takes nothing new. `draining`: also moves what runs elsewhere at the deadline.
   */
  availability: 'open' | 'cordoned' | 'draining'
  /**
   * Of draining: how long running tasks may go on.
   */
  deadline_ms?: number
  reason?: string
}
/**
 * This interface was referenced by `SetAvailability`'s JSON-Schema
 * via the `definition` "result".
 */
export interface SetAvailabilityResult {
  availability: 'open' | 'cordoned' | 'draining' | 'stopping'
  running: number
}
