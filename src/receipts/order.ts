/** A router's dispatch order: which task it has sent to which worker, signed by the router. */
import { hash } from 'node:crypto'
import { openEnvelope, readBase64, sealEnvelope } from './envelope.ts'
import { MeshError } from '../core/errors.ts'
import { ORDER_USE } from './uses.ts'
import { validatorFor } from '../model/validate.ts'
import type { DispatchOrder } from '../model/generated/dispatch-order.ts'
import type { EnvelopeKind, Opened } from './envelope.ts'
import type { Signer } from './signer.ts'

export type { DispatchOrder }

export const ORDER_KIND: EnvelopeKind<DispatchOrder> = {
  name: 'a dispatch order',
  ...ORDER_USE,
  // As base64 it fits in an assignment's `order`.
  bytesMax: 6_144,
  check: validatorFor<DispatchOrder>('dispatch-order', 'order')
}

/** Signs an order; gives its envelope, and the hash over that. Equal orders make equal bytes: who has forgotten one can make it again. */
export async function sealOrder(
  order: Omit<DispatchOrder, 'router'>,
  signer: Signer
): Promise<{ base64: string; hash: string }> {
  const { attempt, expires_at_ms, issued_at_ms, item, job_hash, job_id, lease_id, role } = order
  const { task_type, worker } = order
  // In the order of their names.
  const document: DispatchOrder = {
    attempt,
    expires_at_ms,
    issued_at_ms,
    item,
    job_hash,
    job_id,
    lease_id,
    role,
    router: signer.peer,
    task_type,
    worker
  }
  const envelope = await sealEnvelope(document, ORDER_KIND, signer)
  return { base64: envelope.toString('base64'), hash: hash('sha256', envelope) }
}

/** @throws MeshError as `openEnvelope`; FROM_MISMATCH where another has signed it than the router that it names */
export async function openOrder(bytes: Uint8Array): Promise<Opened<DispatchOrder>> {
  const opened = await openEnvelope(bytes, ORDER_KIND)
  const { document, signer } = opened
  if (signer === document.router) return opened
  throw new MeshError('FROM_MISMATCH', `the order of ${document.router} was signed by ${signer}`)
}

/** @throws MeshError RECEIPT_INVALID */
export function orderBytes(base64: string): Buffer {
  return readBase64(base64, ORDER_KIND)
}
