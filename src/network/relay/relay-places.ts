/**
 * The places that a relay has given away, each for as long as it was last renewed. libp2p ends a place when the time
 * of its last but one renewal is over (circuit-relay-v2 4.2, by retimeable-signal), and nobody tells its holder, who
 * goes on naming an address at which it is not reached. Where all are taken, those go whose holders have gone: nobody
 * reaches them here, and a stranger in an open mesh could take all for an hour by coming under one name after the other.
 */
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { PeerId } from '@libp2p/interface'

interface Place {
  signal: { reset: (ttlMs: number) => void; clear?: () => void }
}

interface WithPlaces {
  reservationStore: {
    reserve: (peer: PeerId, ...words: unknown[]) => unknown
    removeReservation: (peer: PeerId) => void
    get: (peer: PeerId) => Place | undefined
    reservations: { keys: () => Iterable<PeerId> }
  }
}

export interface RelayPlacesInit {
  clock: Pick<Clock, 'after'>
  /** For how long a place is given. */
  ttlMs: number
  isConnected: (peer: PeerId) => boolean
}

export function keepPlaces<T extends CircuitRelayService>(
  server: T,
  { clock, isConnected, ttlMs }: RelayPlacesInit
): T {
  const { reservationStore: store } = server as unknown as WithPlaces
  const reserve = store.reserve.bind(store)
  store.reserve = (peer, ...words) => {
    const before = store.get(peer)
    let answer = reserve(peer, ...words)
    if (store.get(peer) === undefined) {
      const gone = [...store.reservations.keys()].filter((holder) => !isConnected(holder))
      for (const holder of gone) store.removeReservation(holder)
      if (gone.length > 0) answer = reserve(peer, ...words)
    }
    const place = store.get(peer)
    if (place !== undefined && place !== before) {
      // Before its first renewal libp2p's own timer can still be called off.
      place.signal.clear?.()
      place.signal = timerOf(clock, () => {
        if (store.get(peer) === place) store.removeReservation(peer)
      })
      place.signal.reset(ttlMs)
    }
    return answer
  }
  return server
}

function timerOf(clock: Pick<Clock, 'after'>, onTime: () => void): Place['signal'] {
  let cancel: CancelTimer | undefined
  return {
    reset: (ttlMs) => {
      cancel?.()
      cancel = clock.after(ttlMs, onTime)
    }
  }
}
