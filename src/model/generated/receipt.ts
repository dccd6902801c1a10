/** Generated from schemas/receipt.schema.json by `npm run generate`; do not edit. */

/**
 * What a worker ran for which dispatch order, and what came of it. It travels as canonical JSON inside a libp2p signed envelope of the worker, so nobody else can say it.
 */
export interface Receipt {
  attempt: number
  engine: ReceiptEngine
  /**
   * Files of the mesh that it was given, as the task names them. Inline inputs are within `job_hash`.
   *
   * @minItems 1
   * @maxItems 32
   *
   * Items: A file of the mesh, by its content.
   */
  inputs?: string[]
  /**
   * In the place of more than 32 inputs: SHA-256 over their ids, one line each, each ended by a line feed.
   */
  inputs_hash?: string
  item: number
  /**
   * SHA-256 of the task's JSON text as it came, in UTF-8.
   */
  job_hash: string
  job_id: string
  order: ReceiptOrder
  /**
   * `completed`, or the code of the error by which it ended.
   */
  outcome: string
  /**
   * Files of the mesh that it left, in the order of the answer.
   *
   * @minItems 1
   * @maxItems 64
   *
   * Items: A file of the mesh, by its content.
   */
  outputs?: string[]
  /**
   * A file of the mesh, by its content.
   */
  result_file?: string
  /**
   * SHA-256 of the result's JSON text as it was sent, in UTF-8.
   */
  result_hash?: string
  /**
   * A libp2p peer id.
   */
  router: string
  usage?: UsageDocument
  /**
   * A libp2p peer id.
   */
  worker: string
  worker_clock: ReceiptClock
}
/**
 * What ran it.
 */
export interface ReceiptEngine {
  /**
   * SHA-256 of the program: of a `javascript` source or `wasm` module as the task has it, of the file of a `process`; with `sha256:` before it, the id of a file of the mesh or of a container's image. Absent where the worker cannot tell.
   */
  digest?: string
  name: string
  /**
   * What the task named: a function, a program's path at the worker, an image.
   */
  program?: string
  /**
   * The worker's program and its version.
   */
  version: string
}
/**
 * The router's order that this is the receipt of.
 */
export interface ReceiptOrder {
  /**
   * SHA-256 of the order's envelope, all its bytes.
   */
  hash: string
  /**
   * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
   */
  lease_id: string
}
/**
 * What the task used; a figure that the engine cannot tell is absent.
 */
export interface UsageDocument {
  wall_ms: number
  cpu_ms?: number
  peak_memory_bytes?: number
  /**
   * What the worker was sent for the task.
   */
  bytes_in?: number
  /**
   * What the task returned.
   */
  bytes_out?: number
}
/**
 * When it began, with its slot and its inputs in hand, and when it ended, in Unix milliseconds of the worker's own clock: nobody vouches for that.
 */
export interface ReceiptClock {
  ended_at_ms: number
  started_at_ms: number
}
