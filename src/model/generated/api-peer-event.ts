/** Generated from schemas/api/peer-event.schema.json by `npm run generate`; do not edit. */

/**
 * One change among the connected peers.
 */
export interface PeerEvent {
  event: 'connected' | 'disconnected' | 'measured'
  at_ms: number
  peer: PeerView
}
/**
 * A connected peer.
 */
export interface PeerView {
  peer_id: string
  addresses: string[]
  direction: 'inbound' | 'outbound'
  path: 'direct' | 'relayed'
  latency_ms: number | null
  agent: string | null
  connected_at_ms: number
}
