/**
 * Bounds how often a peer may ask the DHT here: an answer takes half a millisecond, and a question has
 * fifty bytes, so that a bound of bytes alone would leave one peer all of our time.
 */
import { MeshError } from '../../core/errors.ts'
import { Pace } from '../../core/pace.ts'
import type { PeerId } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import type { Clock } from '../../core/clock.ts'

export interface DhtGuardComponents {
  clock: Clock
  onFlood: (peer: string) => void
}

/** Of the DHT, what its interface does not show. */
interface Inside {
  rpc: { handleMessage: (from: PeerId, message: unknown) => Promise<unknown> }
}

/** A node that announces a thousand files asks some two thousand times within minutes. */
const QUESTIONS = { burst: 3_000, perSecond: 60 }

export function guardDht(dht: SingleKadDHT, { clock, onFlood }: DhtGuardComponents): void {
  const pace = new Pace(clock, QUESTIONS)
  const { rpc } = dht as unknown as Inside
  const answer = rpc.handleMessage.bind(rpc)
  rpc.handleMessage = async (from, message) => {
    if (pace.take(from.toString(), 1)) return await answer(from, message)
    onFlood(from.toString())
    throw new MeshError('TOO_MANY_REQUESTS', 'this peer has asked the DHT too often')
  }
}
