/**
 * A worker's capability record as it travels: CBOR in a libp2p signed envelope (RFC 0002 of the libp2p
 * specs). Opening one proves who said it; whether it is fresh, the directory decides.
 */
import { RecordEnvelope } from '@libp2p/peer-record'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { MeshError, messageOf } from '../core/errors.ts'
import { CAPABILITY_RECORD_CODEC, CAPABILITY_RECORD_DOMAIN } from '../protocol/ids.ts'
import { decodePlainCbor, encodePlainCbor } from '../protocol/plain-cbor.ts'
import { validatorFor } from '../model/validate.ts'
import type { CapabilityRecord } from '../model/generated/capability-record.ts'
import type { PrivateKey } from '@libp2p/interface'

export type { CapabilityRecord }

/** A record with labels, addresses and a long CPU name stays far below this. */
export const RECORD_BYTES_MAX = 96 * 1_024

const checkRecord = validatorFor<CapabilityRecord>('capability-record', 'record')

/** Signs a record. The key must be that of `record.peer_id`. */
export async function sealRecord(record: CapabilityRecord, key: PrivateKey): Promise<Uint8Array> {
  const codec = new TextEncoder().encode(CAPABILITY_RECORD_CODEC)
  const envelope = await RecordEnvelope.seal(
    {
      domain: CAPABILITY_RECORD_DOMAIN,
      codec,
      marshal: () => encodePlainCbor(record),
      equals: () => false
    },
    key
  )
  return envelope.marshal()
}

/**
 * Opens an envelope from a stranger.
 * @throws MeshError REQUEST_TOO_LARGE, FIELD_INVALID and the like (not of the schema's shape), FROM_MISMATCH
 * (not signed by whom it names)
 */
export async function openRecord(bytes: Uint8Array): Promise<CapabilityRecord> {
  if (bytes.byteLength > RECORD_BYTES_MAX) {
    throw new MeshError(
      'REQUEST_TOO_LARGE',
      `a capability record of ${bytes.byteLength} bytes is too long`
    )
  }
  const envelope = await certify(bytes)
  const record = checkRecord(decode(envelope.payload))
  const signer = peerIdFromPublicKey(envelope.publicKey).toString()
  if (signer !== record.peer_id) {
    throw new MeshError('FROM_MISMATCH', `the record of ${record.peer_id} was signed by ${signer}`)
  }
  return record
}

async function certify(bytes: Uint8Array): Promise<RecordEnvelope> {
  try {
    return await RecordEnvelope.openAndCertify(bytes, CAPABILITY_RECORD_DOMAIN)
  } catch (cause) {
    throw new MeshError(
      'FROM_MISMATCH',
      `a capability record is not validly signed: ${messageOf(cause)}`,
      { cause }
    )
  }
}

function decode(payload: Uint8Array): unknown {
  try {
    return decodePlainCbor(payload, 'a capability record')
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', 'a capability record is not CBOR', { cause })
  }
}
