/**
 * A libp2p node in a browser's tab: it dials WebSockets and relays, listens nowhere, and lives as long as the page. None of what
 * guards a node that others can reach is needed here.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { createLibp2p } from 'libp2p'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { noise } from '@chainsafe/libp2p-noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@chainsafe/libp2p-yamux'
import { DHT_PROTOCOL_V1 } from '../../protocol/ids.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { Identify } from '@libp2p/identify'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Ping } from '@libp2p/ping'

type TabServices = { identify: Identify; ping: Ping; dht: KadDHT }
type TabLibp2p = Libp2p<TabServices>

export class TabNode {
  readonly libp2p: TabLibp2p
  readonly #bootstraps: readonly Multiaddr[]

  private constructor(libp2p: TabLibp2p, bootstraps: readonly Multiaddr[]) {
    this.libp2p = libp2p
    this.#bootstraps = bootstraps
  }

  /** @throws MeshError FIELD_INVALID for what is no multiaddr */
  static async create(bootstraps: readonly string[]): Promise<TabNode> {
    const addresses = bootstraps.map(addressOf)
    const libp2p = await createLibp2p<TabServices>({
      addresses: { listen: [] },
      transports: [webSockets(), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // libp2p's own for browsers refuses every address of a private network.
      connectionGater: { denyDialMultiaddr: () => false },
      services: {
        identify: identify(),
        ping: ping(),
        dht: kadDHT({
          protocol: DHT_PROTOCOL_V1,
          clientMode: true,
          peerInfoMapper: passthroughMapper
        })
      }
    })
    return new TabNode(libp2p, addresses)
  }

  get selfPeer(): string {
    return this.libp2p.peerId.toString()
  }

  /** Resolves when one bootstrap has answered. @throws MeshError PEER_UNREACHABLE where none does */
  async join(options: AbortOptions = {}): Promise<void> {
    if (this.#bootstraps.length === 0) return
    try {
      await Promise.any(
        this.#bootstraps.map((address) => this.libp2p.dial(address, given(options)))
      )
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw unreachable(`none of the bootstraps answers: ${this.#bootstraps.join(', ')}`, cause)
    }
  }

  /** By multiaddr or PeerId. @throws MeshError PEER_UNREACHABLE, FIELD_INVALID */
  async connect(target: string, options: AbortOptions = {}): Promise<Connection> {
    const to = target.startsWith('/') ? addressOf(target) : peerOf(target)
    const isLost = this.libp2p.getPeers().length === 0
    // A page that slept has lost them all, and finds nobody without one.
    if (isLost && !target.startsWith('/')) await this.join(options)
    try {
      return await this.libp2p.dial(to, given(options))
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw unreachable(`${target} cannot be reached: ${messageOf(cause)}`, cause)
    }
  }

  /** @throws MeshError PEER_UNREACHABLE, FIELD_INVALID */
  async openStream(peer: string, protocol: string, options: AbortOptions = {}): Promise<Stream> {
    const connection = await this.connect(peer, options)
    try {
      return await connection.newStream(protocol, {
        ...given(options),
        runOnLimitedConnection: true,
        maxOutboundStreams: STREAMS_MAX
      })
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw unreachable(`${peer} does not speak ${protocol}: ${messageOf(cause)}`, cause)
    }
  }

  async learnAddresses(peer: string, addresses: readonly string[]): Promise<void> {
    const multiaddrs = addresses.map((address) => multiaddr(address))
    await this.libp2p.peerStore.merge(peerOf(peer), { multiaddrs })
  }

  async stop(): Promise<void> {
    await this.libp2p.stop()
  }
}

/** As many as a router takes of one peer. */
const STREAMS_MAX = 64

function given({ signal }: AbortOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

function addressOf(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a multiaddr: ${messageOf(cause)}`, {
      hint: 'a tab dials WebSockets: /dns4/mesh.example/tcp/443/tls/ws/p2p/12D3KooW…',
      cause
    })
  }
}

function peerOf(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a peer id`, { cause })
  }
}

function unreachable(message: string, cause: unknown): MeshError {
  return new MeshError('PEER_UNREACHABLE', message, {
    hint: 'a tab reaches nodes that listen at a /ws address, and others through their relays; a page from https needs /tls/ws',
    cause
  })
}
