/** What a look at the mesh from this machine has found: facts alone. What they mean is the doctor's business. */
import type { MemberRole } from '../../membership/documents.ts'

export interface MeshFacts {
  /** As this program calls itself to others. */
  readonly agent: string
  /** Of this machine's interfaces. */
  readonly ownHosts: readonly string[]
  readonly bootstraps: readonly BootstrapFacts[]
  /** Nodes of this home that run. */
  readonly own: readonly OwnNodeFacts[]
  readonly visit: VisitFacts
}

/** A bootstrap, or whatever answers where one should be. */
export interface BootstrapFacts {
  /** All that it may be reached by. */
  readonly addresses: readonly string[]
  /** Undefined of one that is known by its address alone and has not answered. */
  readonly peer: string | undefined
  /** Undefined of one that has not answered. */
  readonly answer?: BootstrapAnswer
  /** Why it has not. */
  readonly why?: string
}

export interface BootstrapAnswer extends Identity {
  /** The one that has led there. */
  readonly address: string
  /** From the dial to the secured connection. */
  readonly connectMs: number
  /** Where it saw the dial come from, if that left by the one port that all such dials leave by. */
  readonly observed: Endpoint | undefined
  readonly clock: ClockOffset | undefined
}

/** What a peer says of itself. */
export interface Identity {
  readonly agent: string | undefined
  readonly protocols: readonly string[]
  /** Addresses that it tells others. */
  readonly told: readonly string[]
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** By how much this machine's clock is ahead of another's, behind where it is negative: somewhere between the two. */
export interface ClockOffset {
  readonly lowMs: number
  readonly highMs: number
}

export interface OwnNodeFacts {
  /** Of its folder. */
  readonly name: string
  readonly peer: string
  readonly role: MemberRole | undefined
  /** False of one that listens on loopback alone. */
  readonly isForOthers: boolean
  /** Undefined where it does not answer at its own port. */
  readonly identity: Identity | undefined
  /** Undefined where it was not looked for: it is a bootstrap, or nobody here could look. */
  readonly found?: Found
}

/** Whether another node finds one in the DHT. */
export type Found = { isFound: true } | { isFound: false; why: string | undefined }

/** What a member of the mesh that is none of its nodes sees of it. */
export interface VisitFacts {
  /** Undefined where it was let in. */
  readonly trouble: VisitTrouble | undefined
  /** At relays where no node of this home has one. */
  readonly places: readonly PlaceFacts[]
}

/** `stranger`: nothing in this home says who a visitor is. `refused`: it is not let in. `unreachable`: nobody answers. */
export interface VisitTrouble {
  readonly kind: 'stranger' | 'refused' | 'unreachable'
  readonly why: string
}

/** What a relay has answered to who has asked for a place. */
export interface PlaceFacts {
  readonly relay: string
  /** Undefined: it was given. */
  readonly refusal: string | undefined
  /** Of each connection through it. */
  readonly limits: RelayLimits
}

/** Undefined: none. */
export interface RelayLimits {
  readonly dataBytes: number | undefined
  readonly durationMs: number | undefined
}

/** Libp2p's name of what a relay serves. */
export const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'

export function isRelay(bootstrap: BootstrapFacts): boolean {
  return bootstrap.answer?.protocols.includes(HOP_PROTOCOL) === true
}

/** Of a relayed address: at which relay. */
export function relayIn(address: string): string | undefined {
  return /\/p2p\/([^/]+)\/p2p-circuit/.exec(address)?.[1]
}
