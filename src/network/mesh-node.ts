/**
 * The libp2p node, with every option that differs from libp2p's default and the reason beside it. What
 * the rest of the program needs of it is offered in our own words; nobody above touches libp2p itself.
 */
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { gossipsub } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { MeshError, messageOf } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { DHT_PROTOCOL_V1 } from '../protocol/ids.ts'
import { batchedEncryption } from './batched-encryption.ts'
import { bulkCipher } from './bulk-cipher.ts'
import { streamError, unreachableError } from './dial-error.ts'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import type { Identify } from '@libp2p/identify'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2pOptions } from 'libp2p'
import type { AbortOptions } from '../core/abort.ts'
import type { PeerLink, StreamHandlerInit } from '../protocol/peer-link.ts'
import type { Startable } from '../core/startable.ts'

export interface MeshNodeInit {
  identity: PrivateKey
  /** Multiaddrs to listen on; empty for a node that only dials. */
  listen: readonly string[]
  /** Multiaddrs to tell others, beside those listened on. */
  announce?: readonly string[]
  /** True for nodes that keep the DHT's records: bootstraps and monitors. */
  isDhtServer: boolean
  /** Program and version, told to every peer. */
  agent: string
  /** For tests: another transport than TCP. */
  transports?: Libp2pOptions['transports']
}

type Services = {
  identify: Identify
  identifyPush: unknown
  ping: Ping
  dht: SingleKadDHT
  pubsub: GossipSub
}

export type MeshLibp2p = Libp2p<Services>

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export class MeshNode implements PeerLink, Startable {
  readonly #libp2p: MeshLibp2p

  private constructor(libp2p: MeshLibp2p) {
    this.#libp2p = libp2p
  }

  /** Makes a node that is not yet listening. @throws MeshError FIELD_INVALID for a wrong address */
  static async create(init: MeshNodeInit): Promise<MeshNode> {
    for (const address of [...init.listen, ...(init.announce ?? [])]) parseAddress(address)
    const options = libp2pOptions(init)
    return new MeshNode(await createLibp2p(options))
  }

  get selfPeer(): string {
    return this.#libp2p.peerId.toString()
  }

  /** For `discovery/`, which speaks to the DHT and to gossip. */
  get libp2p(): MeshLibp2p {
    return this.#libp2p
  }

  /** Addresses under which this node can be reached, each with its peer id. */
  addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String)
  }

  /** @throws MeshError ADDRESS_IN_USE, FIELD_INVALID */
  async start(): Promise<void> {
    try {
      await this.#libp2p.start()
    } catch (cause) {
      throw listenError(cause)
    }
  }

  async stop(): Promise<void> {
    await this.#libp2p.stop()
  }

  /**
   * Connects by address (with or without `/p2p/<id>`) or by peer id.
   * @returns the peer id at the other end
   * @throws MeshError PEER_UNREACHABLE, FIELD_INVALID
   */
  async dial(target: string, options: AbortOptions = {}): Promise<string> {
    const connection = await this.connect(target, options)
    return connection.remotePeer.toString()
  }

  /** As `dial`, for callers that look at the connection itself. */
  async connect(target: string, options: AbortOptions = {}): Promise<Connection> {
    const to = target.startsWith('/') ? parseAddress(target) : parsePeer(target)
    try {
      return await this.#libp2p.dial(to, withSignal(options))
    } catch (cause) {
      throw unreachableError(target, cause)
    }
  }

  isConnected(peer: string): boolean {
    return this.#libp2p.getConnections(parsePeer(peer)).length > 0
  }

  /** Remembers where a peer may be reached, so that it can be dialled by its id. */
  async learnAddresses(peer: string, addresses: readonly string[]): Promise<void> {
    const multiaddrs = addresses.flatMap((address) => {
      try {
        return [multiaddr(address)]
      } catch {
        // A stranger's list: one address that says nothing to us does not spoil the others.
        return []
      }
    })
    await this.#libp2p.peerStore.merge(parsePeer(peer), { multiaddrs })
  }

  /** Where a peer may be reached, as far as that is known: each with its peer id, ready to be dialled. */
  async knownAddresses(peer: string): Promise<string[]> {
    const id = parsePeer(peer)
    const { peerStore } = this.#libp2p
    if (!(await peerStore.has(id))) return []
    const suffix = `/p2p/${peer}`
    const { addresses } = await peerStore.get(id)
    return addresses
      .map(({ multiaddr: address }) => String(address))
      .map((address) => (address.endsWith(suffix) ? address : address + suffix))
  }

  /** @throws MeshError PEER_UNREACHABLE, PEER_GONE, FIELD_INVALID */
  async openStream(peer: string, protocol: string, options: AbortOptions = {}): Promise<Stream> {
    const id = parsePeer(peer)
    try {
      return await this.#libp2p.dialProtocol(id, protocol, {
        ...withSignal(options),
        runOnLimitedConnection: true,
        maxOutboundStreams: LIMITS.streamsPerProtocolMax
      })
    } catch (cause) {
      throw streamError(peer, cause)
    }
  }

  async handle(
    protocol: string,
    onStream: (stream: Stream, remotePeer: string) => void | Promise<void>,
    init: StreamHandlerInit
  ): Promise<void> {
    await this.#libp2p.handle(
      protocol,
      async (stream, connection) => await onStream(stream, connection.remotePeer.toString()),
      {
        ...init,
        // For a protocol that is served here too, this counts and what `openStream` says does not.
        maxOutboundStreams: LIMITS.streamsPerProtocolMax,
        runOnLimitedConnection: true
      }
    )
  }

  async unhandle(protocol: string): Promise<void> {
    await this.#libp2p.unhandle(protocol)
  }
}

function libp2pOptions(init: MeshNodeInit): Libp2pOptions<Services> {
  return {
    start: false,
    privateKey: init.identity,
    nodeInfo: { userAgent: init.agent },
    addresses: {
      listen: [...init.listen],
      ...(init.announce === undefined ? {} : { appendAnnounce: [...init.announce] })
    },
    transports: init.transports ?? [tcp()],
    connectionEncrypters: [batchedEncryption(bulkCipher(noise()))],
    // The default of 1,000 would reset streams before their protocol can refuse them with an answer.
    streamMuxers: [
      yamux({
        maxInboundStreams: LIMITS.streamsPerProtocolMax,
        maxOutboundStreams: LIMITS.streamsPerProtocolMax
      })
    ],
    connectionManager: {
      maxConnections: init.isDhtServer ? 5_000 : 1_000,
      // The default of 5 a second per address refuses a lab, an office behind one NAT, a restart of many.
      inboundConnectionThreshold: 200,
      maxIncomingPendingConnections: 500
    },
    // A machine under load answers late; three seconds of silence are no reason to cut it off.
    connectionMonitor: { pingTimeout: { minTimeout: 10_000 } },
    // Addresses outlive a night's sleep; with the default hour, providers found in the DHT have none.
    peerStore: { maxPeerAge: 7 * 24 * HOUR_MS, maxAddressAge: 6 * HOUR_MS },
    services: {
      // With the default of one stream each, asking twice at once is refused.
      identify: identify({ maxInboundStreams: 8, maxOutboundStreams: 8 }),
      identifyPush: identifyPush(),
      ping: ping({ maxInboundStreams: 16, maxOutboundStreams: 16 }),
      dht: kadDHT({
        protocol: DHT_PROTOCOL_V1,
        clientMode: !init.isDhtServer,
        // The default drops private addresses, and with them every LAN and loopback mesh.
        peerInfoMapper: passthroughMapper,
        // With the defaults one dead provider breaks its key for everybody after six hours.
        reprovide: { validity: 30 * MINUTE_MS, threshold: 15 * MINUTE_MS, interval: MINUTE_MS }
      }) as unknown as (components: unknown) => SingleKadDHT,
      pubsub: gossipsub({
        allowPublishToZeroTopicPeers: true,
        floodPublish: false,
        runOnLimitedConnection: true,
        // The default shuns more than ten peers behind one address: an office, a lab, a test.
        scoreParams: { IPColocationFactorWeight: 0 }
      })
    }
  }
}

/** @throws MeshError FIELD_INVALID */
export function parseAddress(text: string): ReturnType<typeof multiaddr> {
  try {
    const address = multiaddr(text)
    if (address.getComponents().length === 0) throw new Error('it is empty')
    return address
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a multiaddr: ${messageOf(cause)}`, {
      hint: 'write it as /ip4/203.0.113.7/tcp/51820 or /dns4/mesh.example.org/tcp/51820',
      cause
    })
  }
}

/** @throws MeshError FIELD_INVALID */
export function parsePeer(text: string): ReturnType<typeof peerIdFromString> {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a peer id`, {
      hint: 'peer ids begin with 12D3KooW; `taskmesh node list` shows those of the workers',
      cause
    })
  }
}

function withSignal(options: AbortOptions): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal }
}

/** How libp2p lists the addresses that it could not listen on, each with its reason. */
const LISTEN_FAILURE = /^ {2}(\/\S+): (?:\w*Error: )?(.*)$/gm

function listenError(cause: unknown): MeshError {
  const failures = [...messageOf(cause).matchAll(LISTEN_FAILURE)]
  const taken = failures.filter(([, , why]) => /EADDRINUSE|already in use/.test(why ?? ''))
  if (taken.length > 0) {
    const addresses = taken.map(([, address]) => address).join(', ')
    return new MeshError('ADDRESS_IN_USE', `${addresses} is taken by another program`, {
      path: '--listen',
      hint: 'stop what listens there, choose another port, or port 0 for any free one',
      cause
    })
  }
  const why = failures.map(([, address, reason]) => `${address} (${reason})`).join(', ')
  return new MeshError('FIELD_INVALID', `this node cannot listen on ${why || messageOf(cause)}`, {
    path: '--listen',
    cause
  })
}
