/** Whether an order and its receipt are what they say, and belong together, by nothing but their own bytes. */
import { ORDER_USE, RECEIPT_USE } from '../../receipts/uses.ts'
import { openEnvelope } from './signed-envelope.ts'
import type { DispatchOrder } from '../../model/generated/dispatch-order.ts'
import type { Receipt } from '../../model/generated/receipt.ts'
import type { ReceiptView } from '../../model/generated/api-receipt.ts'

export interface CheckedReceipt {
  order: DispatchOrder
  receipt: Receipt
}

const SHARED = ['attempt', 'item', 'job_hash', 'job_id', 'router', 'worker'] as const

/** @throws Error that says what is wrong */
export async function checkReceipt(
  view: Pick<ReceiptView, 'order' | 'receipt'>
): Promise<CheckedReceipt> {
  const order = await openEnvelope(view.order, ORDER_USE)
  const receipt = await openEnvelope(view.receipt, RECEIPT_USE)
  const ordered = order.document as unknown as DispatchOrder
  const received = receipt.document as unknown as Receipt
  if (order.signer !== ordered.router)
    throw new Error('another has signed the order than its router')
  if (receipt.signer !== received.worker) {
    throw new Error('another has signed the receipt than its worker')
  }
  if (received.order.hash !== order.hash) throw new Error('the receipt is of another order')
  const other = SHARED.find((field) => ordered[field] !== received[field])
  if (other !== undefined) throw new Error(`order and receipt differ in ${other}`)
  return { order: ordered, receipt: received }
}
