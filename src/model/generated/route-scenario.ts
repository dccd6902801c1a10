/** Generated from schemas/route-scenario.schema.json by `npm run generate`; do not edit. */

/**
 * A mesh and its load, for `taskmesh route simulate`.
 */
export interface RouteScenario {
  /**
   * The machines.
   *
   * @minItems 1
   * @maxItems 1000
   */
  workers: Worker[]
  /**
   * How many routers share the jobs; each sees the workers for itself.
   */
  routers?: number
  /**
   * Jobs of a kind that is known by name: `short` (50 ms each), `heavy` (most are short, and a few make up half of all work), `mixed` (0.1, 1.5 and 15 s, some with much memory).
   */
  mix?: 'short' | 'heavy' | 'mixed'
  /**
   * Kinds of jobs of your own, instead of `mix`.
   *
   * @minItems 1
   * @maxItems 100
   */
  classes?: Class[]
  /**
   * How much of what the machines can do is asked of them, or `batch`: all jobs come at once.
   */
  load?: 'batch' | number
  /**
   * Machines crash, come back and slow down, and tasks straggle.
   */
  churn?: boolean
  /**
   * Routers begin without knowing how well any worker does.
   */
  cold?: boolean
  /**
   * How many jobs arrive.
   */
  jobs?: number
  /**
   * The same seed gives the same run.
   */
  seed?: number
}
/**
 * This interface was referenced by `RouteScenario`'s JSON-Schema
 * via the `definition` "worker".
 */
export interface Worker {
  name?: string
  /**
   * So many such machines.
   */
  count?: number
  /**
   * Tasks that it runs at once.
   */
  slots: number
  /**
   * How fast it is: 1 s of work takes half a second at 2.
   */
  speed_ghz: number
  /**
   * What it says of itself, if that is something else.
   */
  advertised_ghz?: number
  memory_mb?: number
  /**
   * Round trip to every router.
   */
  latency_ms?: number
}
/**
 * This interface was referenced by `RouteScenario`'s JSON-Schema
 * via the `definition` "class".
 */
export interface Class {
  name: string
  /**
   * How many of these there are beside the others; only the ratio counts.
   */
  share?: number
  /**
   * How long one takes on average at 1 GHz.
   */
  mean_ms: number
  /**
   * `fixed`: all take as long; `exponential`: most take less, some several times as much; `heavy`: a few take hundreds of times as much.
   */
  spread?: 'fixed' | 'exponential' | 'heavy'
  /**
   * What one needs.
   */
  memory_mb?: number
}
