/** Every option of libp2p that differs from its default, and the reason beside it. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { gossipsub } from '@libp2p/gossipsub'
import { MeshError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { DHT_PROTOCOL_V1 } from '../protocol/ids.ts'
import { addressSorter } from './dialling/dial-order.ts'
import { batchedEncryption } from './wire/batched-encryption.ts'
import { bulkCipher } from './wire/bulk-cipher.ts'
import { Dialler } from './dialling/dialler.ts'
import { guarded } from './guard/guarded-service.ts'
import { OwnAddresses, toldAddresses } from './nat/own-addresses.ts'
import { OwnNetworks } from './dialling/own-networks.ts'
import { protectorOf } from './wire/network-key.ts'
import { reachability } from './nat/reachability.ts'
import { relayServer } from './relay/relay-server.ts'
import { relayTransport } from './relay/relay-transport.ts'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import type { Identify } from '@libp2p/identify'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2pOptions } from 'libp2p'
import type { Admission } from './guard/admission.ts'
import type { BoundedDatastore } from './guard/bounded-datastore.ts'
import type { Clock } from '../core/clock.ts'
import type { Whereabouts } from './dialling/dial-order.ts'
import type { Punching } from './nat/punching.ts'
import type { RelayLimits, RelayTraffic } from './relay/relay-traffic.ts'
import type { TransportFactory } from './wire/transports.ts'
import type { TransportName } from '../config/address.ts'

export interface MeshNodeInit {
  identity: PrivateKey
  /** Multiaddrs to listen on; empty for a node that only dials. */
  listen: readonly string[]
  /** Multiaddrs to tell others, beside those listened on. */
  announce?: readonly string[]
  /** Transports beside those that these addresses name. @default TCP */
  transportNames?: readonly TransportName[]
  /** True for nodes that keep the DHT's records: bootstraps and monitors. */
  isDhtServer: boolean
  /** It is connected with every worker, as bootstraps and routers are. @default false */
  isHub?: boolean
  /** Program and version, told to every peer. */
  agent: string
  /** Of a private network, in hex, as `network-key.ts` reads it. */
  networkKey?: string | undefined
  /** Who belongs to the mesh. @default everybody */
  admission?: Admission
  /** @default the system's */
  clock?: Clock
  /** How it reaches those that cannot be dialled, and is reached itself. @default it dials, also through relays */
  reach?: ReachInit
  /** What libp2p counts by. @default it counts nothing */
  metrics?: Libp2pOptions['metrics']
  /** For tests: in place of all others. */
  transports?: Libp2pOptions['transports']
}

export interface ReachInit {
  /** Relays to hold a place at. */
  relays: number
  /** Carries for others, within these limits. */
  relay?: RelayLimits | undefined
  /** Comes to a direct connection, where both ends are behind NATs, by hole punching. */
  punches: boolean
  /** Has members try whether it can be dialled, and does so for them. */
  isProbed?: boolean
}

export type Services = {
  identify: Identify
  identifyPush: unknown
  ping: Ping
  dht: SingleKadDHT
  pubsub: GossipSub
  dialler: Dialler
  addresses: OwnAddresses
}

export type MeshLibp2p = Libp2p<Services>

/** What the options are made of beside what the caller says. */
export interface OptionParts {
  clock: Clock
  admission: Admission
  datastore: BoundedDatastore
  gater: ConnectionGater
  /** Those that addresses are dialled by, and listened on. */
  transports: TransportFactory[]
  punching: Punching
  /** What goes through it, where it carries for others. */
  relayTraffic: RelayTraffic | undefined
  /** A peer has more of one of libp2p's services than it may. */
  onFlood: (peer: string) => void
}

const KIB = 1_024
const MIB = 1_024 * KIB
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export function libp2pOptions(init: MeshNodeInit, parts: OptionParts): Libp2pOptions<Services> {
  const here = new OwnNetworks(parts, init.listen)
  return {
    start: false,
    ...(init.metrics === undefined ? {} : { metrics: init.metrics }),
    privateKey: init.identity,
    nodeInfo: { userAgent: init.agent },
    addresses: {
      listen: [...init.listen, ...places(init.reach?.relays ?? 0)],
      ...(init.announce === undefined ? {} : { appendAnnounce: [...init.announce] }),
      announceFilter: toldAddresses
    },
    transports: init.transports ?? transports(init, parts),
    ...(init.networkKey === undefined ? {} : { connectionProtector: protectorOf(init.networkKey) }),
    connectionEncrypters: [batchedEncryption(bulkCipher(noise()))],
    streamMuxers: [muxer()],
    connectionGater: parts.gater,
    // libp2p asks no more of a store than this one has; its own has no bounds.
    datastore: parts.datastore as unknown as NonNullable<Libp2pOptions['datastore']>,
    connectionManager: {
      // A hub has all workers that a router may know, and others besides.
      maxConnections: init.isHub === true ? LIMITS.directoryWorkersMax + 2_000 : 1_000,
      // Both bounds are the door's, which knows better who has to go; the default of 5 a second per address
      // refuses a lab, an office behind one NAT, a restart of many.
      inboundConnectionThreshold: LIMITS.pendingConnectionsMax,
      maxIncomingPendingConnections: 2 * LIMITS.pendingConnectionsMax,
      // The default of 500 is full after one list of invented peers.
      maxDialQueueLength: 2_000,
      // Addresses are tried one after the other, and a list of dead ones is easily written. `Dialler` tries several at
      // a time; this is for what libp2p's services dial, and for addresses that people give.
      maxPeerAddrsToDial: LIMITS.peerAddressesMax,
      addressDialTimeout: 4_000,
      addressSorter: addressSorter(here)
    },
    connectionMonitor: {
      // A machine under load answers late; three seconds of silence are no reason to cut it off.
      pingTimeout: { minTimeout: 10_000 },
      // All connections are pinged at once, which costs a hub half a millisecond for each. It is for the other end to
      // notice soon that a hub is lost: that a worker is, the router's session tells.
      ...(init.isHub === true ? { pingInterval: MINUTE_MS } : {})
    },
    // Addresses outlive a night's sleep; with the default hour, providers found in the DHT have none.
    peerStore: { maxPeerAge: 7 * 24 * HOUR_MS, maxAddressAge: 6 * HOUR_MS },
    services: services(init, parts, here)
  }
}

/** A place at a relay for each. */
function places(count: number): string[] {
  return Array.from({ length: count }, () => '/p2p-circuit')
}

function transports(
  { reach }: MeshNodeInit,
  { transports: others, ...guards }: OptionParts
): NonNullable<Libp2pOptions['transports']> {
  const relayed = relayTransport({ isListening: (reach?.relays ?? 0) > 0 }, guards)
  return [...others, relayed]
}

function muxer(): ReturnType<typeof yamux> {
  return yamux({
    // The default of 1,000 would reset streams before their protocol can refuse them with an answer.
    maxInboundStreams: LIMITS.streamsPerProtocolMax,
    maxOutboundStreams: LIMITS.streamsPerProtocolMax,
    // The default has no bound for what waits until the other end reads: twice our longest answer.
    streamOptions: { maxWriteBufferLength: 2 * LIMITS.commandBytesMax }
  })
}

/** A peer has so much of each service, and strangers nothing of those that the mesh is found by. */
function services(
  init: MeshNodeInit,
  parts: OptionParts,
  here: Whereabouts
): NonNullable<Libp2pOptions<Services>['services']> {
  const { admission, clock, onFlood, relayTraffic } = parts
  const forAll = { clock, onFlood }
  const forMembers = { ...forAll, admission }
  const { isProbed = false, punches = false, relay } = init.reach ?? {}
  return {
    addresses: (libp2p) => new OwnAddresses(libp2p, { trustsOwn: init.isDhtServer }),
    ...(isProbed ? { reachability: reachability(forMembers) } : {}),
    dialler: (libp2p) => new Dialler(libp2p, { clock, here }),
    ...(relay === undefined || relayTraffic === undefined
      ? {}
      : { relay: relayServer(relay, relayTraffic, forMembers) }),
    ...(punches ? { punching: parts.punching.service(forMembers) } : {}),
    // With the default of one stream each, asking twice at once is refused.
    identify: guarded(identify({ maxInboundStreams: 8, maxOutboundStreams: 8 }), forAll, {
      pace: { burst: 64 * KIB, perSecond: 4 * KIB },
      streamBytes: KIB
    }),
    identifyPush: guarded(identifyPush(), forAll, {
      pace: { burst: 128 * KIB, perSecond: 2 * KIB },
      streamBytes: KIB
    }),
    ping: guarded(ping({ maxInboundStreams: 16, maxOutboundStreams: 16 }), forAll, {
      pace: { burst: 256 * KIB, perSecond: 16 * KIB },
      streamBytes: KIB
    }),
    dht: guarded(dht(init.isDhtServer), forMembers, {
      // `dht-guard.ts` counts what is asked; this is for what asks nothing.
      pace: { burst: 2 * MIB, perSecond: 32 * KIB },
      streamBytes: 256,
      answerBytesMax: LIMITS.dhtAnswerBytesMax
    }),
    pubsub: guarded(gossip(), forMembers, {
      // Ten thousand records at once, and as many again each quarter of an hour, by several ways.
      pace: { burst: 64 * MIB, perSecond: 4 * MIB },
      streamBytes: 4 * KIB
    })
  }
}

function dht(isServer: boolean): (components: unknown) => SingleKadDHT {
  return kadDHT({
    protocol: DHT_PROTOCOL_V1,
    clientMode: !isServer,
    // The default drops private addresses, and with them every LAN and loopback mesh.
    peerInfoMapper: passthroughMapper,
    // With the defaults one dead provider breaks its key for everybody after six hours.
    reprovide: { validity: 30 * MINUTE_MS, threshold: 15 * MINUTE_MS, interval: MINUTE_MS },
    // Nothing of ours is stored as a value, so nobody stores any here; public keys are in the peer ids.
    validators: { pk: refuseValue },
    // The default queues sixteen thousand peers that one answer may have invented, and dials each.
    routingTableUpdateMaxQueueSize: 1_024
  }) as unknown as (components: unknown) => SingleKadDHT
}

async function refuseValue(): Promise<void> {
  throw new MeshError('FIELD_INVALID', 'this DHT stores no values')
}

/** Those of presence; of each that is carried for others itself, and that it is. */
const TOPICS_MAX = LIMITS.presenceTopicsMax + 2 * LIMITS.topicsCarriedMax

function gossip(): ReturnType<typeof gossipsub> {
  return gossipsub({
    allowPublishToZeroTopicPeers: true,
    floodPublish: false,
    runOnLimitedConnection: true,
    // Its peers are in no mesh and have no score.
    fallbackToFloodsub: false,
    // The default shuns more than ten peers behind one address: an office, a lab, a test.
    scoreParams: { IPColocationFactorWeight: 0 },
    // One is in use; the next takes its place.
    maxInboundStreams: 4,
    maxInboundDataLength: LIMITS.gossipBytesMax,
    // The default has no bound: a neighbour that does not read loses the stream, and not we our memory.
    maxOutboundBufferSize: 4 * LIMITS.gossipBytesMax,
    // A bootstrap listens to as many; a topic is charged with some 1.2 KiB.
    maxTopicBytesPerPeer: TOPICS_MAX * 1_280,
    decodeRpcLimits: {
      maxSubscriptions: 4 * TOPICS_MAX,
      maxMessages: 5_000,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxControlMessages: 4 * TOPICS_MAX,
      maxIdontwantMessageIDs: 512,
      // Peers that others recommend are of no use to us.
      maxPeerInfos: 0
    }
  })
}
