/**
 * What a peer may do that no honest program does, or not often, and how much each weighs. Whoever sees it
 * says so through `PeerLink.complain`; what follows is the network's business (`network/conduct.ts`).
 */
import type { ErrorCode, MeshError } from '../core/errors.ts'

/**
 * Points of each. At some hundred a peer is shut out, and points fade by half in ten minutes: one mistake
 * never gets there, the same one made again and again does.
 */
export const OFFENCES = {
  /** Bytes that no version of the protocol sends. */
  frame: 20,
  /** A frame or request far above what either end may send. */
  oversized: 20,
  /** It says that it is somebody else. */
  impersonation: 20,
  /** A record, order or receipt that is not validly signed. */
  record: 20,
  /** A message by gossip that no honest node passes on. */
  gossip: 10,
  /** It could not show that it belongs here. */
  introduction: 10,
  /** A text that is no JSON. */
  text: 5,
  /** It does not read what it asked for, or does not end what it began. */
  stall: 2,
  /** Far more of libp2p's own traffic than a peer needs, or connections beyond its number. */
  flood: 2,
  /** More requests at once than one peer may have: a busy program does that too, if not for long. */
  excess: 0.05
} as const satisfies Record<string, number>

export type Offence = keyof typeof OFFENCES

/**
 * What an error says of the peer that caused it. What another version may do in good faith (unknown commands,
 * fields, versions) and what a request may ask for in vain is not here.
 */
const OFFENCE_OF: Partial<Record<ErrorCode, Offence>> = {
  FRAME_INVALID: 'frame',
  FRAME_TOO_LARGE: 'oversized',
  REQUEST_TOO_LARGE: 'oversized',
  REQUEST_TOO_DEEP: 'oversized',
  FROM_MISMATCH: 'impersonation',
  CREDENTIAL_INVALID: 'introduction',
  RECEIPT_INVALID: 'record',
  REQUEST_NOT_JSON: 'text',
  REQUEST_TIMED_OUT: 'stall',
  SESSION_CONGESTED: 'stall',
  TOO_MANY_REQUESTS: 'excess'
}

/**
 * Undefined for what is nobody's fault. A text that only ends too early is none: a node that is stopped, or the way to
 * it, cuts texts off like that. Whoever does it on purpose pays for the reading as for any request.
 */
export function offenceOf({ blame, code }: MeshError): Offence | undefined {
  const offence = OFFENCE_OF[code]
  return offence === 'text' && blame === 'network' ? undefined : offence
}
