/**
 * Dials through relays; and, where it listens at `/p2p-circuit`, keeps a place at as many relays as often as it
 * listens there, from among those that it is connected with. A node that nobody can dial is found there.
 */
import {
  RELAY_V2_HOP_CODEC as HOP_PROTOCOL,
  RELAY_V2_STOP_CODEC as STOP_PROTOCOL,
  circuitRelayTransport
} from '@libp2p/circuit-relay-v2'
import { LIMITS } from '../../core/limits.ts'
import { guarded } from '../guard/guarded-service.ts'
import { isRelayed } from '../paths/paths.ts'
import { overriding } from '../../core/overriding.ts'
import { CIRCUITS_ASKED } from './relay-traffic.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { ConnectionManager, RandomWalk, Registrar } from '@libp2p/interface-internal'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { PeerId, PeerStore, Startable, Transport } from '@libp2p/interface'

interface RelayComponents {
  connectionManager: ConnectionManager
  peerStore: PeerStore
  randomWalk: RandomWalk
  registrar: Registrar
}

/** Of libp2p's transport, what its interface does not show. */
interface Inside extends Transport, Startable {
  reservationStore: {
    /** One for each place that is wanting. */
    pendingReservations: readonly string[]
    reserveQueue: { clear: () => void }
    hasReservation: (relay: PeerId) => boolean
    addRelay: (relay: PeerId, type: 'discovered') => Promise<unknown>
  }
}

/** How often a relay that had no place, or did not answer, is asked again. */
const LOOK_MS = 15_000

export function relayTransport(
  { isListening }: { isListening: boolean },
  guards: GuardComponents
): (libp2p: unknown) => Transport {
  const factory = circuitRelayTransport({
    maxInboundStopStreams: LIMITS.circuitsPerPeerMax,
    maxOutboundStopStreams: LIMITS.circuitsPerPeerMax
  })
  const transport = (libp2p: RelayComponents): Transport => {
    const components = overriding(libp2p, {
      registrar: isListening ? libp2p.registrar : withoutStops(libp2p.registrar),
      // The default walks the DHT for ever where there are fewer relays than wanted: the mesh's are its bootstraps.
      randomWalk: NO_WALK
    })
    const made = factory(components as unknown as Parameters<typeof factory>[0]) as Inside
    forgiveRelays(made)
    finishRenewals(made)
    return isListening ? lookingForRelays(made, libp2p, guards.clock) : made
  }
  return guarded(transport as (libp2p: unknown) => Transport, guards, CIRCUITS_ASKED)
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

/** A relay that could not be dialled once is not tried again, as it comes: ours come back. */
function forgiveRelays({ reservationStore }: Inside): void {
  const forgiving = { has: () => false, add: () => {} }
  // A new one is set now and then.
  Object.defineProperty(reservationStore, 'relayFilter', { get: () => forgiving, set: () => {} })
}

/**
 * Places are renewed one after the other, and once it has enough of them, libp2p forgets what waits: of two that are
 * due in the same second, as they are when they were reserved together, the other would never be renewed again.
 * Who has enough places takes no further ones, whether it forgets or not.
 */
function finishRenewals({ reservationStore }: Inside): void {
  reservationStore.reserveQueue.clear = () => {}
}

/** libp2p asks a relay once, when it meets it. */
function lookingForRelays(
  transport: Inside,
  libp2p: RelayComponents,
  clock: Pick<Clock, 'every'>
): Inside {
  let cancel: CancelTimer | undefined
  return overriding(transport, {
    start: async () => {
      await transport.start()
      cancel = clock.every(LOOK_MS, () => void askRelays(transport, libp2p))
    },
    stop: async () => {
      cancel?.()
      await transport.stop()
    }
  })
}

async function askRelays({ reservationStore }: Inside, libp2p: RelayComponents): Promise<void> {
  const { connectionManager, peerStore } = libp2p
  for (const connection of connectionManager.getConnections()) {
    if (reservationStore.pendingReservations.length === 0) return
    const { remotePeer } = connection
    if (isRelayed(connection) || reservationStore.hasReservation(remotePeer)) continue
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, until there are enough
      const { protocols } = await peerStore.get(remotePeer)
      // oxlint-disable-next-line no-await-in-loop
      if (protocols.includes(HOP_PROTOCOL))
        await reservationStore.addRelay(remotePeer, 'discovered')
    } catch {
      // It has no place, or is gone: the next may have one.
    }
  }
}
