/**
 * Relays, by libp2p's circuit relay v2. A relay carries what members send each other who cannot reach each other
 * directly, within its owner's limits; a node that cannot be reached reserves places at relays, and is found there.
 */
import {
  RELAY_V2_STOP_CODEC as STOP_PROTOCOL,
  circuitRelayServer,
  circuitRelayTransport
} from '@libp2p/circuit-relay-v2'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { guarded } from '../guard/guarded-service.ts'
import { keepPlaces } from './relay-places.ts'
import { overriding } from '../../core/overriding.ts'
import { RelayTraffic } from './relay-traffic.ts'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Connection, PeerId, Stream, StreamHandler, Transport } from '@libp2p/interface'
import type { ConnectionManager, RandomWalk, Registrar } from '@libp2p/interface-internal'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { RelayLimits } from './relay-traffic.ts'

export type { RelayLimits }

interface RelayComponents {
  connectionManager: ConnectionManager
  registrar: Registrar
}

/**
 * A circuit is one stream of the relay's, and all that goes through it counts for that stream: how fast and how
 * much, `RelayTraffic` says. What is bounded here is how often somebody asks.
 */
const ASKED = { pace: { burst: 512, perSecond: 16 }, streamBytes: 1, isBulk: true }

/** Its clients ask anew before that; one that has gone keeps its place for so long. */
const RESERVATION_MS = 3_600_000

/** Serves as a relay, for members. */
export function relayServer(
  limits: RelayLimits,
  components: GuardComponents
): (libp2p: unknown) => CircuitRelayService {
  const { dataBytes, durationMs, reservationsMax } = limits
  const factory = circuitRelayServer({
    hopTimeout: HOP_TIMEOUT_MS,
    maxInboundHopStreams: LIMITS.circuitsPerPeerMax,
    maxOutboundStopStreams: LIMITS.circuitsPerPeerMax,
    reservations: {
      maxReservations: reservationsMax,
      reservationTtl: RESERVATION_MS,
      // The default ends a circuit after 128 KiB or two minutes, without a word.
      applyDefaultLimit: dataBytes !== undefined || durationMs !== undefined,
      defaultDataLimit: BigInt(dataBytes ?? Number.MAX_SAFE_INTEGER),
      defaultDurationLimit: durationMs ?? UNLIMITED_MS
    }
  })
  const traffic = new RelayTraffic(components.clock, limits)
  const server = (libp2p: RelayComponents): CircuitRelayService =>
    keepPlaces(factory(watched(libp2p, traffic) as Parameters<typeof factory>[0]), {
      clock: components.clock,
      ttlMs: RESERVATION_MS
    })
  return guarded(server as (libp2p: unknown) => CircuitRelayService, components, ASKED)
}

const HOP_TIMEOUT_MS = 10_000
/** libp2p hands it to a timer, and the longest that there is has 31 bits. */
const UNLIMITED_MS = 2 ** 31 - 1

/** Both ends of each circuit, as the relay has them, pass through `RelayTraffic`. */
function watched(libp2p: RelayComponents, traffic: RelayTraffic): RelayComponents {
  const { connectionManager, registrar } = libp2p
  return overriding(libp2p, {
    registrar: overriding(registrar, {
      handle: (protocol, handler, options) =>
        registrar.handle(protocol, boundedCircuits(handler, traffic), options)
    }),
    connectionManager: overriding(connectionManager, {
      getConnections: (peer?: PeerId) =>
        connectionManager.getConnections(peer).map((connection) => paced(connection, traffic))
    })
  })
}

function boundedCircuits(handler: StreamHandler, traffic: RelayTraffic): StreamHandler {
  return (stream, connection) => {
    if (traffic.add(stream)) return handler(stream, connection)
    stream.abort(new MeshError('TOO_MANY_REQUESTS', 'this relay has no room for another circuit'))
  }
}

function paced(connection: Connection, traffic: RelayTraffic): Connection {
  return overriding(connection, {
    newStream: async (protocols, options): Promise<Stream> => {
      const stream = await connection.newStream(protocols, options)
      traffic.pace(stream)
      return stream
    }
  })
}

/**
 * Dials through relays; and, where it listens at `/p2p-circuit`, keeps a place at as many relays as often as it
 * listens there, from among those that it is connected with.
 */
export function relayTransport(
  { isListening }: { isListening: boolean },
  components: GuardComponents
): (libp2p: unknown) => Transport {
  const factory = circuitRelayTransport({
    maxInboundStopStreams: LIMITS.circuitsPerPeerMax,
    maxOutboundStopStreams: LIMITS.circuitsPerPeerMax
  })
  const transport = (libp2p: RelayComponents & { randomWalk: RandomWalk }): Transport => {
    const made = factory(
      overriding(libp2p, {
        registrar: isListening ? libp2p.registrar : withoutStops(libp2p.registrar),
        // The default walks the DHT for ever where there are fewer relays than wanted: the mesh's are its bootstraps.
        randomWalk: NO_WALK
      }) as Parameters<typeof factory>[0]
    )
    forgiveRelays(made)
    finishRenewals(made)
    return made
  }
  return guarded(transport as (libp2p: unknown) => Transport, components, ASKED)
}

const NO_WALK: RandomWalk = {
  // oxlint-disable-next-line require-yield -- it finds nobody
  walk: async function* () {}
}

/** Who keeps no place at a relay is called through none; libp2p would reserve one with whoever calls. */
function withoutStops(registrar: Registrar): Registrar {
  return overriding(registrar, {
    handle: async (protocol, handler, options) => {
      if (protocol !== STOP_PROTOCOL) await registrar.handle(protocol, handler, options)
    },
    unhandle: async (protocol, options) => {
      if (protocol !== STOP_PROTOCOL) await registrar.unhandle(protocol, options)
    }
  })
}

interface WithRelayFilter {
  reservationStore: { relayFilter: { has: () => boolean; add: () => void } }
}

/** A relay that could not be dialled once is never tried again by default: ours come back. */
function forgiveRelays(transport: Transport): void {
  const { reservationStore } = transport as Transport & WithRelayFilter
  reservationStore.relayFilter = { has: () => false, add: () => {} }
}

interface WithReserveQueue {
  reservationStore: { reserveQueue: { clear: () => void } }
}

/**
 * Places are renewed one after the other, and once it has enough of them, libp2p forgets what waits: of two that are
 * due in the same second, as they are when they were reserved together, the other would never be renewed again.
 * Who has enough places takes no further ones, whether it forgets or not.
 */
function finishRenewals(transport: Transport): void {
  const { reservationStore } = transport as Transport & WithReserveQueue
  reservationStore.reserveQueue.clear = () => {}
}
