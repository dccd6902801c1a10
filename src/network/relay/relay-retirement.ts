/**
 * Ends relayed connections once there is a better way and nothing of ours goes over them any more: ended at once, they
 * would cut every stream with what looks like a clean end.
 */
import { DHT_PROTOCOL_V1 } from '../../protocol/ids.ts'
import { parsePeer } from '../addresses.ts'
import { isRelayed } from '../paths/paths.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Connection } from '@libp2p/interface'
import type { Paths } from '../paths/paths.ts'

export interface RelayRetirementComponents {
  clock: Pick<Clock, 'after' | 'monotonicMs'>
  paths: Paths
}

/** What the other end has begun meanwhile is on its way. */
const GRACE_MS = 3_000
const LOOK_MS = 1_000
/** Sessions move to the better way by themselves; whatever has not for so long is not worth a relay's while. */
const DRAIN_MS = 30 * 60_000

/** Streams of these are opened anew by themselves. */
const OURS = '/taskmesh/'

export class RelayRetirement {
  readonly #components: RelayRetirementComponents
  readonly #timers = new Map<string, CancelTimer>()

  constructor(components: RelayRetirementComponents) {
    this.#components = components
    const { clock, paths } = components
    paths.onDirect((peer) => this.#lookIn(GRACE_MS, peer, clock.monotonicMs() + DRAIN_MS))
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  #lookIn(delayMs: number, peer: string, endMs: number): void {
    this.#timers.get(peer)?.()
    const cancel = this.#components.clock.after(delayMs, () => this.#look(peer, endMs))
    this.#timers.set(peer, cancel)
  }

  #look(peer: string, endMs: number): void {
    const { clock, paths } = this.#components
    this.#timers.delete(peer)
    const connections = paths.connections(parsePeer(peer))
    const relayed = connections.filter(isRelayed)
    // The better way is gone again.
    if (relayed.length === connections.length) return
    const isOver = clock.monotonicMs() >= endMs
    const unused = relayed.filter((connection) => isOver || !isInUse(connection))
    for (const connection of unused) void end(connection)
    if (unused.length < relayed.length) this.#lookIn(LOOK_MS, peer, endMs)
  }
}

function isInUse({ streams }: Connection): boolean {
  return streams.some(
    ({ protocol, status }) =>
      status === 'open' && protocol.startsWith(OURS) && protocol !== DHT_PROTOCOL_V1
  )
}

async function end(connection: Connection): Promise<void> {
  try {
    await connection.close()
  } catch (cause) {
    connection.abort(cause instanceof Error ? cause : new Error('it did not close'))
  }
}
