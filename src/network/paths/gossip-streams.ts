/**
 * Gossip keeps one stream to each peer, on the connection that came first, and opens no other when that connection
 * ends before the peer's others: from then on the peer would hear nothing more.
 */
import type { Connection, PeerId } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import type { MeshLibp2p } from '../libp2p-options.ts'
import type { Paths } from './paths.ts'

interface GossipInternals {
  onPeerConnected: (peer: PeerId, connection: Connection) => void
  streamsOutbound: Map<string, unknown>
  peers: Map<string, unknown>
}

/** From now on, on whatever connection is best. */
export function keepGossipStreams(
  libp2p: Pick<MeshLibp2p, 'addEventListener'>,
  pubsub: GossipSub,
  paths: Pick<Paths, 'connections'>
): void {
  const gossip = pubsub as unknown as GossipSub & GossipInternals
  /** A connection of theirs has ended since the last heartbeat. */
  const bereft = new Map<string, PeerId>()
  libp2p.addEventListener('connection:close', ({ detail: { remotePeer } }) => {
    bereft.set(remotePeer.toString(), remotePeer)
  })
  gossip.addEventListener('gossipsub:heartbeat', () => {
    for (const [peer, peerId] of bereft) {
      const [best] = paths.connections(peerId)
      const isSilent = gossip.peers.has(peer) && !gossip.streamsOutbound.has(peer)
      if (best !== undefined && isSilent) gossip.onPeerConnected(peerId, best)
    }
    bereft.clear()
  })
}
