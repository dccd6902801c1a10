/** Who answers at an address, and how fast: for clients in Node.js and in a browser's tab. */
import { deferred } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'

/** Who answered at an address, and how. */
export interface DialReport {
  peer_id: string
  address: string
  agent: string | null
  protocols: string[]
  /** From the dial to the secured, identified connection. */
  connect_ms: number
  /** Round trips, each in milliseconds. */
  ping_ms: number[]
}

type PingingLibp2p = Libp2p<{ ping: Ping }>

const PINGS = 4

export async function reportDial(
  libp2p: PingingLibp2p,
  connect: () => Promise<Connection>,
  options: AbortOptions & { signal: AbortSignal }
): Promise<DialReport> {
  const startedAtMs = systemClock.monotonicMs()
  const connection = await connect()
  const about = await identified(libp2p, connection.remotePeer, options)
  const connectMs = systemClock.monotonicMs() - startedAtMs
  const pingMs: number[] = []
  for (let count = 0; count < PINGS; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
    pingMs.push(await libp2p.services.ping.ping(connection.remotePeer, options))
  }
  return {
    peer_id: connection.remotePeer.toString(),
    address: connection.remoteAddr.toString(),
    ...about,
    connect_ms: connectMs,
    ping_ms: pingMs
  }
}

/** What a peer says of itself; libp2p asks it on every new connection, and asking twice is refused. */
export async function identified(
  libp2p: Pick<Libp2p, 'addEventListener' | 'peerStore' | 'removeEventListener'>,
  peer: PeerId,
  options: AbortOptions
): Promise<Pick<DialReport, 'agent' | 'protocols'>> {
  const { promise, resolve, reject } = deferred<void>()
  const onIdentify = (event: CustomEvent<{ peerId: PeerId }>): void => {
    if (event.detail.peerId.equals(peer)) resolve()
  }
  libp2p.addEventListener('peer:identify', onIdentify)
  try {
    const isKnown = (await libp2p.peerStore.get(peer)).protocols.length > 0
    options.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true })
    if (!isKnown) await promise
    const { metadata, protocols } = await libp2p.peerStore.get(peer)
    const agent = metadata.get('AgentVersion')
    return {
      agent: agent === undefined ? null : new TextDecoder().decode(agent),
      protocols: protocols.toSorted()
    }
  } finally {
    libp2p.removeEventListener('peer:identify', onIdentify)
  }
}
