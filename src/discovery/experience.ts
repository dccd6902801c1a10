/** A router's experience with workers as it travels to other routers: signed by the router that has made it. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { openEnvelope, readBase64, sealEnvelope } from '../receipts/envelope.ts'
import { validatorFor } from '../model/validate.ts'
import type { EnvelopeKind } from '../receipts/envelope.ts'
import type {
  ReceiptChain,
  RouterExperience,
  WorkerExperience
} from '../model/generated/experience.ts'
import type { Signer } from '../receipts/signer.ts'

export type { RouterExperience }

const EXPERIENCE_KIND: EnvelopeKind<RouterExperience> = {
  name: 'experience of a router',
  domain: 'taskmesh-experience',
  payloadType: '/taskmesh/experience/1',
  bytesMax: LIMITS.experienceBytesMax,
  check: validatorFor<RouterExperience>('experience', 'experience')
}

/** @returns base64 of the envelope */
export async function sealExperience(
  experience: Omit<RouterExperience, 'router' | 'version'>,
  signer: Signer
): Promise<string> {
  const { at_ms, expires_ms, seq, workers } = experience
  // Here and in all that is in it the names stand in their order: it is signed as it is written down.
  const document: RouterExperience = {
    at_ms,
    expires_ms,
    router: signer.peer,
    seq,
    version: 1,
    workers: workers.map(inOrder)
  }
  const envelope = await sealEnvelope(document, EXPERIENCE_KIND, signer)
  return envelope.toString('base64')
}

function inOrder(worker: WorkerExperience): WorkerExperience {
  const { bad, good, peer_id, quarantined_until_ms, receipts, right, wrong } = worker
  return {
    bad,
    good,
    peer_id,
    ...(quarantined_until_ms === undefined ? {} : { quarantined_until_ms }),
    ...(receipts === undefined ? {} : { receipts: receiptsInOrder(receipts) }),
    ...(right === undefined ? {} : { right }),
    ...(wrong === undefined ? {} : { wrong })
  }
}

function receiptsInOrder({ count, sha256, since_ms }: ReceiptChain): ReceiptChain {
  return { count, sha256, since_ms }
}

/** @throws MeshError RECEIPT_INVALID, REQUEST_TOO_LARGE, FIELD_INVALID and its kin; FROM_MISMATCH where another has signed it */
export async function openExperience(base64: string): Promise<RouterExperience> {
  const bytes = readBase64(base64, EXPERIENCE_KIND)
  const { document, signer } = await openEnvelope(bytes, EXPERIENCE_KIND)
  if (signer === document.router) return document
  const message = `the experience of ${document.router} was signed by ${signer}`
  throw new MeshError('FROM_MISMATCH', message)
}
