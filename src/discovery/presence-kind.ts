/** What is published on presence topics: of workers their signed records, of nodes with files that they are there. */
import { parseJson } from '../core/json.ts'
import { filesNamespace, filesTopic, presenceNamespace, presenceTopic } from '../protocol/ids.ts'
import { validatorFor } from '../model/validate.ts'
import { RECORD_BYTES_MAX, openRecord } from './record.ts'
import type { CapabilityRecord } from './record.ts'
import type { MemberRole } from '../model/generated/certificate.ts'
import type { FilePresence } from '../model/generated/file-presence.ts'

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

export const WORKER_PRESENCE: PresenceKind<CapabilityRecord> = {
  topic: presenceTopic,
  namespaceOf: presenceNamespace,
  bytesMax: RECORD_BYTES_MAX,
  roles: ['worker'],
  open: openRecord
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
