/** A worker's receipt: what it ran for which order and what came of it, signed by the worker. */
import { openEnvelope, readBase64, sealEnvelope } from './envelope.ts'
import { MeshError } from '../core/errors.ts'
import { RECEIPT_USE } from './uses.ts'
import { validatorFor } from '../model/validate.ts'
import type { EnvelopeKind, Opened } from './envelope.ts'
import type { Receipt } from '../model/generated/receipt.ts'
import type { Signer } from './signer.ts'

export type { Receipt }

export const RECEIPT_KIND: EnvelopeKind<Receipt> = {
  name: 'a receipt',
  ...RECEIPT_USE,
  // As base64 it fits in an answer's `receipt`.
  bytesMax: 12_288,
  check: validatorFor<Receipt>('receipt', 'receipt')
}

/** Signs a receipt. Its fields, and theirs, must stand in the order of their names. */
export async function sealReceipt(receipt: Receipt, signer: Signer): Promise<string> {
  const envelope = await sealEnvelope(receipt, RECEIPT_KIND, signer)
  return envelope.toString('base64')
}

/** @throws MeshError as `openEnvelope`; FROM_MISMATCH where another has signed it than the worker that it names */
export async function openReceipt(bytes: Uint8Array): Promise<Opened<Receipt>> {
  const opened = await openEnvelope(bytes, RECEIPT_KIND)
  const { document, signer } = opened
  if (signer === document.worker) return opened
  throw new MeshError('FROM_MISMATCH', `the receipt of ${document.worker} was signed by ${signer}`)
}

/** @throws MeshError RECEIPT_INVALID */
export function receiptBytes(base64: string): Buffer {
  return readBase64(base64, RECEIPT_KIND)
}
