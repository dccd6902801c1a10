/** Changes among a router's peers in the form in which a node of the mesh itself sees its own. */
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { PeerChange } from '../network/paths/peer-tracker.ts'

const CHANGES: Readonly<Partial<Record<MeshEvent['type'], PeerChange['event']>>> = {
  'peer:connected': 'connected',
  'peer:measured': 'measured',
  'peer:rerouted': 'rerouted',
  'peer:disconnected': 'disconnected'
}

/** Undefined for events of other kinds. */
export function peerChangeOf({ at_ms, peer_view: peer, type }: MeshEvent): PeerChange | undefined {
  const event = CHANGES[type]
  return event === undefined || peer === undefined ? undefined : { event, at_ms, peer }
}
