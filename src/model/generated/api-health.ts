/** Generated from schemas/api/health.schema.json by `npm run generate`; do not edit. */

/**
 * Whether a node can do its work.
 */
export interface HealthView {
  status: 'ok' | 'stopping'
  peer_id: string
  namespace: string
  agent: string
  addresses?: string[]
  uptime_ms: number
  workers_ready: number
  /**
   * Of a router.
   */
  items_queued?: number
  /**
   * Of a router.
   */
  items_running?: number
}
