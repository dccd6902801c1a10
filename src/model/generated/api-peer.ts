/** Generated from schemas/api/peer.schema.json by `npm run generate`; do not edit. */

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
