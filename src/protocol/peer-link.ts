/** What the protocol needs of the network: streams to peers, by protocol name. `network/` provides it. */
import type { Stream } from '@libp2p/interface'
import type { AbortOptions } from '../core/abort.ts'
import type { MeshError } from '../core/errors.ts'
import type { Transfer, TransferDirection } from './transfer-meter.ts'

export interface StreamHandlerInit {
  maxInboundStreams: number
}

export interface OpenStreamOptions extends AbortOptions {
  /**
   * A peer that is reached through a relay may be reached directly soon: that is waited for, until it has been reached
   * through the relay for so long. @default 0
   */
  directWithinMs?: number
}

export interface PeerLink {
  readonly selfPeer: string
  /**
   * By the best way to the peer that there is.
   * @throws MeshError PEER_UNREACHABLE; PEER_GONE where nobody listens at any of its addresses
   */
  openStream(peer: string, protocol: string, options?: OpenStreamOptions): Promise<Stream>
  handle(
    protocol: string,
    onStream: (stream: Stream, remotePeer: string) => void | Promise<void>,
    init: StreamHandlerInit
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
  /** Whether all that goes to a peer now goes through a relay. */
  isRelayed(peer: string): boolean
  /** Calls back when a peer is reached directly that was reached through a relay. @returns what ends it */
  onDirect(listener: (peer: string) => void): () => void
  /** So fast did bytes go to a peer, or come from it. */
  noteTransfer(peer: string, direction: TransferDirection, transfer: Transfer): void
  /** A peer did what this error says; `offence.ts` knows which of them are its fault. */
  complain(peer: string, error: MeshError): void
}
