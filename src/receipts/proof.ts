/**
 * A receipt together with the order that it belongs to: what the two prove, and whether that is what somebody
 * expects. It needs nothing but the bytes themselves, as PeerIds are keys.
 */
import { MeshError } from '../core/errors.ts'
import { openOrder, orderBytes } from './order.ts'
import { openReceipt, receiptBytes } from './receipt.ts'
import type { DispatchOrder } from './order.ts'
import type { Opened } from './envelope.ts'
import type { Receipt } from './receipt.ts'

/** Both as base64 of their envelopes: how they are stored and passed on. */
export interface Proof {
  receipt: string
  /** Absent where only the worker's word is at hand. */
  order?: string | undefined
}

export interface OpenedProof {
  receipt: Opened<Receipt>
  order: Opened<DispatchOrder> | undefined
}

/** What a receipt should say; what is not here may be as it likes. */
export type Expected = Partial<
  Pick<
    Receipt,
    'attempt' | 'item' | 'job_hash' | 'job_id' | 'outcome' | 'result_file' | 'result_hash'
  > & {
    router: string
    worker: string
    outputs: readonly string[]
    /** SHA-256 of the order's envelope. */
    order_hash: string
    lease_id: string
  }
>

/**
 * Opens both, and sees that they belong together.
 * @throws MeshError RECEIPT_INVALID, REQUEST_TOO_LARGE, FROM_MISMATCH, FIELD_INVALID and its kin
 */
export async function openProof({ order, receipt }: Proof): Promise<OpenedProof> {
  const opened = await openReceipt(receiptBytes(receipt))
  if (order === undefined) return { receipt: opened, order: undefined }
  const openedOrder = await openOrder(orderBytes(order))
  expectReceipt(opened.document, expectedOf(openedOrder))
  return { receipt: opened, order: openedOrder }
}

/** What the receipt of an order must say. */
export function expectedOf({
  document,
  hash
}: Pick<Opened<DispatchOrder>, 'document' | 'hash'>): Expected {
  const { attempt, item, job_hash, job_id, lease_id, router, worker } = document
  return { attempt, item, job_hash, job_id, lease_id, router, worker, order_hash: hash }
}

/** @throws MeshError RECEIPT_INVALID that names the first field which is not as it should be */
export function expectReceipt(receipt: Receipt, expected: Expected): void {
  const said: Required<Expected> = {
    ...receipt,
    order_hash: receipt.order.hash,
    lease_id: receipt.order.lease_id,
    outputs: receipt.outputs ?? [],
    result_file: receipt.result_file ?? 'none',
    result_hash: receipt.result_hash ?? 'none'
  }
  for (const [field, value] of Object.entries(expected)) {
    const found = said[field as keyof Expected]
    if (value === undefined || String(found) === String(value)) continue
    const message = `the receipt's ${field} is ${shown(found)}, not ${shown(value)}`
    throw new MeshError('RECEIPT_INVALID', message, { path: field })
  }
}

function shown(value: unknown): string {
  return String(value).slice(0, 200) || 'none'
}
