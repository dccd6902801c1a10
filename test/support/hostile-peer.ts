/** A libp2p peer that keeps no rule of ours: what a hostile program would be made of. It has a key, and no certificate. */
import { identify } from '@libp2p/identify'
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@chainsafe/libp2p-yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'

export interface HostilePeer {
  libp2p: Libp2p
  peer: string
  connection: Connection
  stop: () => Promise<void>
}

/** Connected by a socket of its own. */
export async function hostilePeer(address: string): Promise<HostilePeer> {
  const libp2p = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify({ maxInboundStreams: 64, maxOutboundStreams: 4_096 }) }
  })
  // Whoever does not serve gossip is soon given up as a neighbour.
  await libp2p.handle('/meshsub/1.2.0', () => {})
  const connection = await libp2p.dial(multiaddr(address))
  return {
    libp2p,
    peer: libp2p.peerId.toString(),
    connection,
    stop: async () => await libp2p.stop()
  }
}

/** One message of protobuf or the like, with its length before it. */
export function prefixed(bytes: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let left = bytes.byteLength; ; left >>>= 7) {
    if (left < 0x80) {
      length.push(left)
      break
    }
    length.push((left & 0x7f) | 0x80)
  }
  return Buffer.concat([Uint8Array.from(length), bytes])
}

/** Whether a stream is cut off by the other end. */
export async function isCutOff(stream: Stream): Promise<boolean> {
  if (stream.status === 'open') {
    await new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }))
  }
  return stream.status === 'reset' || stream.status === 'aborted'
}
