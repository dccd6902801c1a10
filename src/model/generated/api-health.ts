/** Generated from schemas/api/health.schema.json by `npm run generate`; do not edit. */

/**
 * Whether the router can do its work.
 */
export interface HealthView {
  status: 'ok' | 'stopping'
  peer_id: string
  namespace: string
  agent: string
  addresses?: string[]
  uptime_ms: number
  workers_ready: number
  items_queued: number
  items_running: number
}
