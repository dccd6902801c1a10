/** Generated from schemas/commands/release-tasks.schema.json by `npm run generate`; do not edit. */

/**
 * From a router to a worker: these attempts' ends are on disk, the worker may forget them.
 */
export interface ReleaseTasks {
  params: ReleaseTasksParams
  result: ReleaseTasksResult
}
/**
 * This interface was referenced by `ReleaseTasks`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ReleaseTasksParams {
  /**
   * @maxItems 1024
   *
   * Items: Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
   */
  lease_ids: string[]
}
/**
 * This interface was referenced by `ReleaseTasks`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ReleaseTasksResult {
  /**
   * How many of them were here.
   */
  released?: number
}
