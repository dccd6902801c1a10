/**
 * Serves as a relay, by libp2p's circuit relay v2: carries what members send each other who cannot reach each other
 * directly, within its owner's limits.
 */
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { guarded } from '../guard/guarded-service.ts'
import { keepPlaces } from './relay-places.ts'
import { overriding } from '../../core/overriding.ts'
import { CIRCUITS_ASKED } from './relay-traffic.ts'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Connection, PeerId, Stream, StreamHandler } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { RelayLimits, RelayTraffic } from './relay-traffic.ts'

interface RelayComponents {
  connectionManager: ConnectionManager
  registrar: Registrar
}

/** Its clients ask anew before that; one that has gone keeps its place for so long. */
const RESERVATION_MS = 3_600_000

export function relayServer(
  { dataBytes, durationMs, reservationsMax }: RelayLimits,
  traffic: RelayTraffic,
  components: GuardComponents
): (libp2p: unknown) => CircuitRelayService {
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
  const server = (libp2p: RelayComponents): CircuitRelayService =>
    keepPlaces(factory(watched(libp2p, traffic) as Parameters<typeof factory>[0]), {
      clock: components.clock,
      ttlMs: RESERVATION_MS,
      isConnected: (peer) => libp2p.connectionManager.getConnections(peer).length > 0
    })
  return guarded(server as (libp2p: unknown) => CircuitRelayService, components, CIRCUITS_ASKED)
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
    const asker = connection.remotePeer.toString()
    if (traffic.add(stream, asker)) return traffic.runFor(asker, () => handler(stream, connection))
    stream.abort(new MeshError('TOO_MANY_REQUESTS', 'this relay has no room for another circuit'))
  }
}

function paced(connection: Connection, traffic: RelayTraffic): Connection {
  return overriding(connection, {
    newStream: async (protocols, options): Promise<Stream> => {
      const leave = traffic.enter(connection.remotePeer.toString())
      try {
        const stream = await connection.newStream(protocols, options)
        stream.addEventListener('close', leave)
        traffic.count(stream)
        traffic.pace(stream)
        endUnanswered(stream, options?.signal)
        return stream
      } catch (cause) {
        leave()
        throw cause
      }
    }
  })
}

/** Whoever is called and does not answer in time would keep the stream, and with enough of them nobody could call it. */
function endUnanswered(stream: Stream, signal: AbortSignal | undefined): void {
  let isAnswered = false
  stream.addEventListener('message', () => (isAnswered = true), { once: true })
  signal?.addEventListener('abort', () => {
    if (!isAnswered) stream.abort(new MeshError('RESPONSE_TIMED_OUT', 'it takes no call'))
  })
}
