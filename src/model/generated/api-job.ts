/** Generated from schemas/api/job.schema.json by `npm run generate`; do not edit. */

/**
 * Any JSON value: what `main` gets.
 */
export type AnyJson =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }

/**
 * A job as the API shows it.
 */
export interface JobView {
  id: string
  name: string | null
  state: 'pending' | 'queued' | 'running' | 'completed' | 'failed' | 'stopped' | 'held'
  engine: string
  priority: number
  labels?: Labels
  item_count: number
  counts: ItemCounts
  attempts: number
  created_at_ms: number
  started_at_ms: number | null
  ended_at_ms: number | null
  /**
   * Why nothing of it runs, in words.
   */
  waiting_for: string | null
  error?: ErrorDocument
  result?: AnyJson
  logs?: string
  worker?: string | null
  items?: ItemView[]
}
export interface Labels {
  [k: string]: string
}
export interface ItemCounts {
  queued: number
  running: number
  completed: number
  failed: number
  stopped: number
}
/**
 * What went wrong, for programs.
 */
export interface ErrorDocument {
  /**
   * One of the codes in docs/errors.md; stable.
   */
  code: string
  message: string
  /**
   * Which field.
   */
  path?: string
  /**
   * What to do.
   */
  hint?: string
  blame?: 'worker' | 'network' | 'router' | 'job' | 'caller'
  retryable?: boolean
  [k: string]: unknown
}
/**
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "item".
 */
export interface ItemView {
  id: string
  index: number
  state: 'pending' | 'queued' | 'running' | 'completed' | 'failed' | 'stopped' | 'held'
  result?: AnyJson
  error?: ErrorDocument
  logs?: string
  worker: string | null
  attempts: number
  started_at_ms?: number | null
  ended_at_ms?: number | null
}
/**
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "attempt".
 */
export interface AttemptView {
  item: string
  index: number
  attempt: number
  state:
    | 'offered'
    | 'refused'
    | 'accepted'
    | 'fetching'
    | 'running'
    | 'publishing'
    | 'completed'
    | 'failed'
    | 'timed_out'
    | 'stopped'
    | 'unknown'
    | 'lost'
  worker: string
  reason?: string
  error?: ErrorDocument
  offered_at_ms: number
  ended_at_ms: number | null
  usage?: UsageDocument
}
export interface UsageDocument {
  wall_ms: number
  cpu_ms?: number
  peak_memory_bytes?: number
}
