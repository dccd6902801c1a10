/** Generated from schemas/api/receipt.schema.json by `npm run generate`; do not edit. */

/**
 * What was signed of one attempt: the router's order, and the worker's receipt of it.
 */
export interface ReceiptView {
  job_id: string
  item: string
  attempt: number
  /**
   * Its peer id.
   */
  worker: string
  /**
   * Base64 of a libp2p signed envelope of the router: schemas/dispatch-order.schema.json.
   */
  order: string
  /**
   * Base64 of a libp2p signed envelope of the worker: schemas/receipt.schema.json.
   */
  receipt: string
  /**
   * Item of the job that was asked for, which has the result of this earlier run.
   */
  reused_by?: string
}
