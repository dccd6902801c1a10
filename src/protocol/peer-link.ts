/** What the protocol needs of the network: streams to peers, by protocol name. `network/` provides it. */
import type { Stream } from '@libp2p/interface'
import type { AbortOptions } from '../core/abort.ts'
import type { MeshError } from '../core/errors.ts'

export interface StreamHandlerInit {
  maxInboundStreams: number
}

export interface PeerLink {
  readonly selfPeer: string
  /** @throws MeshError PEER_UNREACHABLE; PEER_GONE where nobody listens at any of its addresses */
  openStream(peer: string, protocol: string, options?: AbortOptions): Promise<Stream>
  handle(
    protocol: string,
    onStream: (stream: Stream, remotePeer: string) => void | Promise<void>,
    init: StreamHandlerInit
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
  /** A peer did what this error says; `offence.ts` knows which of them are its fault. */
  complain(peer: string, error: MeshError): void
}
