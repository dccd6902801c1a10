/** Gossip has a stream to a peer again when the connection of its stream has ended and another has not. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeEach, expect, it } from 'vitest'
import { keepGossipStreams } from '../../../src/network/paths/gossip-streams.ts'
import type { Connection, PeerId } from '@libp2p/interface'

class FakeGossip extends EventTarget {
  readonly peers = new Map<string, PeerId>()
  readonly streamsOutbound = new Map<string, unknown>()
  readonly connected: Connection[] = []

  onPeerConnected(_peer: PeerId, connection: Connection): void {
    this.connected.push(connection)
  }

  beat(): void {
    this.dispatchEvent(new Event('gossipsub:heartbeat'))
  }
}

const best = {} as Connection
let gossip: FakeGossip
let libp2p: EventTarget
let peer: PeerId
let connections: Connection[]

beforeEach(async () => {
  gossip = new FakeGossip()
  libp2p = new EventTarget()
  peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  connections = [best]
  gossip.peers.set(peer.toString(), peer)
  const paths = { connections: () => connections }
  type Given = Parameters<typeof keepGossipStreams>
  keepGossipStreams(libp2p as Given[0], gossip as unknown as Given[1], paths)
})

function closeOne(): void {
  const detail = { remotePeer: peer }
  libp2p.dispatchEvent(new CustomEvent('connection:close', { detail }))
}

it('opens one on the best connection that is left, once', () => {
  closeOne()
  closeOne()
  gossip.beat()
  gossip.beat()
  expect(gossip.connected).toEqual([best])
})

it('leaves a peer alone whose stream goes on', () => {
  gossip.streamsOutbound.set(peer.toString(), {})
  closeOne()
  gossip.beat()
  expect(gossip.connected).toEqual([])
})

it('leaves a peer alone that is gone, and one that gossip does not know', () => {
  connections = []
  closeOne()
  gossip.beat()
  connections = [best]
  gossip.peers.clear()
  closeOne()
  gossip.beat()
  expect(gossip.connected).toEqual([])
})
