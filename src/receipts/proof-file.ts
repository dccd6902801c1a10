/**
 * Proofs as they are passed on in files: JSON `{"receipt": …, "order": …}`, each base64 of its envelope, or a
 * list of those. Whatever else stands beside them proves nothing, and is left out.
 */
import { asRecord, parseJson } from '../core/json.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import type { Proof } from './proof.ts'

/** As many receipts of the largest size as a page of them has. */
export const PROOF_FILE_BYTES_MAX = 32 * 2 ** 20
/** Real ones have two kilobytes; a million empty ones would fill the memory of whoever checks them. */
const PROOFS_MAX = 16_384

export function writeProofs(proofs: readonly Proof[]): string {
  const plain = proofs.map(({ order, receipt }) => ({
    receipt,
    ...(order === undefined ? {} : { order })
  }))
  return `${JSON.stringify(plain.length === 1 ? plain[0] : plain, null, 2)}\n`
}

/** @throws MeshError RECEIPT_INVALID, REQUEST_TOO_LARGE, REQUEST_TOO_DEEP */
export function readProofs(text: string): Proof[] {
  const value = readJson(text)
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length > PROOFS_MAX) {
    const message = `${list.length} receipts are more than the ${PROOFS_MAX} of one file`
    throw new MeshError('REQUEST_TOO_LARGE', message)
  }
  return list.map((one) => {
    const { order, receipt } = asRecord(one)
    if (typeof receipt === 'string' && (order === undefined || typeof order === 'string')) {
      return { receipt, order }
    }
    throw notOfReceipts('')
  })
}

function readJson(text: string): unknown {
  try {
    return parseJson(text, PROOF_FILE_BYTES_MAX)
  } catch (cause) {
    const error = MeshError.from(cause)
    throw error.code === 'REQUEST_NOT_JSON' ? notOfReceipts(`: ${messageOf(error)}`, cause) : error
  }
}

function notOfReceipts(why: string, cause?: unknown): MeshError {
  return new MeshError('RECEIPT_INVALID', `this is no file of receipts${why}`, {
    hint: '`taskmesh receipt show ID --out FILE` writes one: {"receipt": base64, "order": base64}',
    cause
  })
}
