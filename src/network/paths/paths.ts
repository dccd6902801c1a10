/**
 * By which way each connected peer is reached: over this machine, the local network, directly, through a hole
 * that both ends have punched, or through a relay. What is sent goes by the best of them.
 */
import { isLoopback, isPrivate } from '@libp2p/utils'
import { isCircuit } from '../addresses.ts'
import { unlessAborted } from '../../core/abort.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { MeshLibp2p } from '../libp2p-options.ts'

/** From the best to the last resort. */
export const PATH_KINDS = ['local', 'lan', 'direct', 'punched', 'relayed'] as const
export type PathKind = (typeof PATH_KINDS)[number]

/** Undefined: not connected. */
export type PathListener = (
  peer: string,
  kind: PathKind | undefined,
  before: PathKind | undefined
) => void

export interface PathsComponents {
  clock: Pick<Clock, 'after' | 'wallMs'>
  libp2p: Pick<MeshLibp2p, 'addEventListener' | 'getConnections'>
  /** Of a direct connection: whether it came about by hole punching. */
  isPunched: (connection: Connection) => boolean
}

export class Paths {
  readonly #clock: PathsComponents['clock']
  readonly #libp2p: PathsComponents['libp2p']
  readonly #isPunched: PathsComponents['isPunched']
  readonly #listeners = new Set<PathListener>()
  /** What was last told of each peer. */
  readonly #told = new Map<string, PathKind>()

  constructor({ clock, isPunched, libp2p }: PathsComponents) {
    this.#clock = clock
    this.#libp2p = libp2p
    this.#isPunched = isPunched
    libp2p.addEventListener('connection:open', ({ detail }) => this.#look(detail.remotePeer))
    libp2p.addEventListener('connection:close', ({ detail }) => this.#look(detail.remotePeer))
  }

  /** Open connections with a peer, best first, of equal ones the newest. */
  connections(peer: PeerId): Connection[] {
    return this.#libp2p
      .getConnections(peer)
      .filter(({ status }) => status === 'open')
      .toSorted(
        (left, right) =>
          this.#rank(left) - this.#rank(right) || right.timeline.open - left.timeline.open
      )
  }

  /** Undefined of a peer that is not connected. */
  kindOf(peer: PeerId): PathKind | undefined {
    const [best] = this.connections(peer)
    return best === undefined ? undefined : this.kindOfConnection(best)
  }

  kindOfConnection(connection: Connection): PathKind {
    const { remoteAddr } = connection
    if (isRelayed(connection)) return 'relayed'
    if (this.#isPunched(connection)) return 'punched'
    if (isLoopback(remoteAddr)) return 'local'
    return isPrivate(remoteAddr) ? 'lan' : 'direct'
  }

  isRelayed(peer: PeerId): boolean {
    return this.kindOf(peer) === 'relayed'
  }

  /** Calls back when a peer is reached directly that was reached through a relay. @returns what ends it */
  onDirect(listener: (peer: string) => void): () => void {
    return this.onChange((peer, kind, before) => {
      if (before === 'relayed' && kind !== undefined) listener(peer)
    })
  }

  /** Waits for a way that is no relay's until the way through the relay is so old: later it seldom comes. */
  async whenDirect(peer: PeerId, options: AbortOptions & { timeoutMs: number }): Promise<void> {
    const [best] = this.connections(peer)
    const ageMs = this.#clock.wallMs() - (best?.timeline.open ?? 0)
    if (!this.isRelayed(peer) || ageMs >= options.timeoutMs) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.onDirect((other) => {
      if (other === peer.toString()) resolve()
    })
    const timer = this.#clock.after(options.timeoutMs - Math.max(0, ageMs), resolve)
    try {
      await unlessAborted(promise, options)
    } finally {
      timer()
      cancel()
    }
  }

  /** Calls back whenever the best way to a peer has become another one. @returns what ends it */
  onChange(listener: PathListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #rank(connection: Connection): number {
    return PATH_KINDS.indexOf(this.kindOfConnection(connection))
  }

  #look(peerId: PeerId): void {
    const peer = peerId.toString()
    const kind = this.kindOf(peerId)
    const before = this.#told.get(peer)
    if (before === kind) return
    if (kind === undefined) this.#told.delete(peer)
    else this.#told.set(peer, kind)
    for (const listener of this.#listeners) listener(peer, kind, before)
  }
}

export function isRelayed({ remoteAddr }: Pick<Connection, 'remoteAddr'>): boolean {
  return isCircuit(remoteAddr)
}

/** PeerId of the relay of a connection; undefined of a direct one, and where its address does not say. */
export function relayOf({ remoteAddr }: Pick<Connection, 'remoteAddr'>): string | undefined {
  const parts = remoteAddr.getComponents()
  const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
  return parts.slice(0, Math.max(0, circuit)).findLast(({ name }) => name === 'p2p')?.value
}
