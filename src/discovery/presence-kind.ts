/**
 * What is published on presence topics: of workers their signed records, and between two of them that they are there
 * still; of nodes with files that they are there.
 */
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { filesNamespace, filesTopic, presenceNamespace, presenceTopic } from '../protocol/ids.ts'
import { validatorFor } from '../model/validate.ts'
import { RECORD_BYTES_MAX, openRecord } from './record.ts'
import type { CapabilityRecord } from './record.ts'
import type { MemberRole } from '../model/generated/certificate.ts'
import type { FilePresence } from '../model/generated/file-presence.ts'
import type { WorkerBeat } from '../model/generated/worker-beat.ts'

/** What the gate must know of whatever is published. */
export interface PresenceNews {
  namespace: string
  /** Whom it is about: nobody but itself may publish it. */
  peer_id: string
  /** Grows with each of the same peer. */
  seq: number
  /** Of a closed mesh: that the peer belongs to it. */
  certificate?: string
}

export interface PresenceKind<T extends PresenceNews> {
  topic: (namespace: string) => string
  /** Undefined for a topic of another kind. */
  namespaceOf: (topic: string) => string | undefined
  bytesMax: number
  /** Who has such news, where the mesh says who is what. */
  roles: readonly MemberRole[]
  /** @throws MeshError for what is no such thing */
  open: (bytes: Uint8Array) => Promise<T>
}

/** What a worker says of itself. */
export interface WorkerNews extends PresenceNews {
  /** Seconds for which it may be believed. */
  ttl_s: number
  /** As it was signed, and what it says; undefined of a beat, which only says that it is there still. */
  said?: { record: CapabilityRecord; sealed: Uint8Array }
}

export const WORKER_PRESENCE: PresenceKind<WorkerNews> = {
  topic: presenceTopic,
  namespaceOf: presenceNamespace,
  bytesMax: RECORD_BYTES_MAX,
  roles: ['worker'],
  open: async (bytes) => (bytes[0] === BEAT_BEGIN ? openBeat(bytes) : await openSealed(bytes))
}

/** A JSON object; a signed envelope begins otherwise. */
const BEAT_BEGIN = 0x7b
/** Names and numbers. */
const BEAT_BYTES_MAX = 1_024

const checkBeat = validatorFor<WorkerBeat>('worker-beat', 'beat')

/** The message itself is signed by who publishes it, and it is worth nothing beyond. */
export function writeBeat(beat: WorkerBeat): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(beat))
}

/** @throws MeshError REQUEST_TOO_LARGE, REQUEST_NOT_JSON, FIELD_INVALID and its kin */
function openBeat(bytes: Uint8Array): WorkerNews {
  if (bytes.byteLength > BEAT_BYTES_MAX) {
    throw new MeshError('REQUEST_TOO_LARGE', `a beat of ${bytes.byteLength} bytes is too long`)
  }
  return checkBeat(parseJson(new TextDecoder().decode(bytes)))
}

/** @throws as `openRecord` */
async function openSealed(sealed: Uint8Array): Promise<WorkerNews> {
  const record = await openRecord(sealed)
  const { certificate, namespace, peer_id, seq, ttl_s } = record
  const news = { namespace, peer_id, seq, ttl_s, said: { record, sealed } }
  return certificate === undefined ? news : { ...news, certificate }
}

/** All its addresses at their longest. */
const FILE_PRESENCE_BYTES_MAX = 10 * 1_024

const checkFilePresence = validatorFor<FilePresence>('file-presence', 'presence')

/** The message itself is signed by who publishes it, and it is worth nothing beyond. */
export const FILE_PRESENCE: PresenceKind<FilePresence> = {
  topic: filesTopic,
  namespaceOf: filesNamespace,
  bytesMax: FILE_PRESENCE_BYTES_MAX,
  roles: ['worker', 'router', 'share'],
  open: async (bytes) => checkFilePresence(parseJson(new TextDecoder().decode(bytes)))
}

export function writeFilePresence(presence: FilePresence): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(presence))
}
