/** Generated from schemas/api/availability.schema.json by `npm run generate`; do not edit. */

/**
 * Whether a worker takes new tasks.
 */
export interface AvailabilityRequest {
  availability: 'open' | 'cordoned' | 'draining'
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  deadline?: string
  reason?: string
}
