/**
 * Who may connect: nobody who is shut out for what it did, one peer by a few connections, and those who have
 * not yet shown that they belong here (strangers) only so many, from one address and in all. Where there are
 * more, whoever has been a stranger for longest makes room: an honest one has shown its certificate by then. Likewise
 * where too many connections are being set up; and how many may begin in a second is bounded, as each handshake
 * costs this node milliseconds.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { addressGroup, isCircuit, isWorthKeeping } from '../addresses.ts'
import { limitAnswers } from './answer-limit.ts'
import { Pace } from '../../core/pace.ts'
import type { Admission } from './admission.ts'
import type { Clock } from '../../core/clock.ts'
import type { Conduct } from './conduct.ts'
import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'

export interface DoorComponents {
  clock: Pick<Clock, 'monotonicMs'>
  conduct: Pick<Conduct, 'isShunned' | 'strike'>
  admission: Pick<Admission, 'isBanned' | 'isMember'>
}

/** Connections that were refused or ended, by why. */
export interface DoorCounts {
  /** With a peer that is shut out. */
  shunned: number
  /** Of a peer that has enough. */
  excess: number
  /** That came too fast, had to make room while they were being set up, or never came to an end of it. */
  pending: number
  /** Of strangers who had to make room. */
  strangers: number
}

interface Guest {
  peer: string
  group: string
  connection: MultiaddrConnection
}

/**
 * A handshake takes some 4.5 ms of a core, measured: one address has a seventh of a core for long, and all together
 * less than a half. A thousand nodes behind one address that start anew come in within half a minute.
 */
const OF_ONE_ADDRESS = { burst: 256, perSecond: 32 }
const OF_ALL = { burst: 1_024, perSecond: 96 }

export class Door {
  readonly #components: DoorComponents
  readonly #pace: Pace
  readonly #paceOfAll: Pace
  readonly #counts: DoorCounts = { shunned: 0, excess: 0, pending: 0, strangers: 0 }
  /** Connections that are being set up, by where they come from. */
  readonly #pending = new Map<string, Set<MultiaddrConnection>>()
  /** Inbound connections of each peer. */
  readonly #open = new Map<string, number>()
  /** Those of strangers, oldest first. */
  readonly #strangers = new Set<Guest>()

  constructor(components: DoorComponents) {
    this.#components = components
    this.#pace = new Pace(components.clock, OF_ONE_ADDRESS)
    this.#paceOfAll = new Pace(components.clock, OF_ALL)
  }

  /** What libp2p asks before it lets anybody in or dials. */
  readonly gater: ConnectionGater = {
    denyDialPeer: (peer) => this.#isToBeLeftAlone(peer),
    denyOutboundEncryptedConnection: (peer) => this.#isToBeLeftAlone(peer),
    denyInboundConnection: (connection) => this.#denyPending(connection),
    denyInboundEncryptedConnection: (peer, connection) =>
      this.#isShunned(peer) || this.#hasEnough(peer, connection),
    denyInboundUpgradedConnection: (peer, connection) => this.#enter(peer, connection),
    filterMultiaddrForPeer: (_peer, address) => isWorthKeeping(address)
  }

  counts(): DoorCounts {
    return { ...this.#counts }
  }

  /** Peers that have come in and not shown a certificate yet. */
  strangerCount(): number {
    this.#forgetMembers()
    return new Set([...this.#strangers].map(({ peer }) => peer)).size
  }

  /** Whoever is banned may come, and is told so; libp2p would dial it again and again, as the DHT still knows it. */
  #isToBeLeftAlone(peer: PeerId): boolean {
    return this.#isShunned(peer) || this.#components.admission.isBanned(peer.toString())
  }

  #isShunned(peer: PeerId): boolean {
    const isShunned = this.#components.conduct.isShunned(peer.toString())
    if (isShunned) this.#counts.shunned += 1
    return isShunned
  }

  #hasEnough(peerId: PeerId, { remoteAddr }: Pick<MultiaddrConnection, 'remoteAddr'>): boolean {
    const peer = peerId.toString()
    if ((this.#open.get(peer) ?? 0) < LIMITS.peerConnectionsMax) return false
    this.#counts.excess += 1
    // A relay can keep those open that the peer has long given up.
    if (!isCircuit(remoteAddr)) this.#components.conduct.strike(peer, 'flood')
    return true
  }

  /** Whoever connects and says nothing holds a place until the time limit of the handshake, or until others need it. */
  #denyPending(connection: MultiaddrConnection): boolean {
    const group = addressGroup(connection.remoteAddr)
    if (!this.#pace.take(group, 1) || !this.#paceOfAll.take('all', 1)) {
      this.#counts.pending += 1
      return true
    }
    this.#makeRoomAmongPending(group)
    const pending = this.#pending.get(group) ?? new Set()
    this.#pending.set(group, pending.add(connection))
    connection.addEventListener('close', () => this.#settle(group, connection))
    limitAnswers(
      connection,
      () => !this.#isPending(group, connection),
      () => this.#endPending(connection, 'the other end asks for one protocol after the other')
    )
    return false
  }

  /** An honest one needs its place for less than a second: the oldest goes, of this address or of that with the most. */
  #makeRoomAmongPending(group: string): void {
    const all = [...this.#pending.values()]
    const total = all.reduce((count, { size }) => count + size, 0)
    const near = this.#pending.get(group)
    const isFullHere = near !== undefined && near.size >= LIMITS.pendingConnectionsPerAddressMax
    if (!isFullHere && total < LIMITS.pendingConnectionsMax) return
    const [most] = all.toSorted((left, right) => right.size - left.size)
    const [oldest] = (isFullHere ? near : most) ?? []
    if (oldest !== undefined) this.#endPending(oldest, 'too many connections are being set up')
  }

  #isPending(group: string, connection: MultiaddrConnection): boolean {
    return this.#pending.get(group)?.has(connection) === true
  }

  #endPending(connection: MultiaddrConnection, message: string): void {
    this.#counts.pending += 1
    this.#settle(addressGroup(connection.remoteAddr), connection)
    connection.abort(new MeshError('TOO_MANY_REQUESTS', message))
  }

  #settle(group: string, connection: MultiaddrConnection): void {
    const pending = this.#pending.get(group)
    if (pending?.delete(connection) === true && pending.size === 0) this.#pending.delete(group)
  }

  #enter(peerId: PeerId, connection: MultiaddrConnection): boolean {
    const guest = {
      peer: peerId.toString(),
      group: addressGroup(connection.remoteAddr),
      connection
    }
    this.#settle(guest.group, connection)
    this.#open.set(guest.peer, (this.#open.get(guest.peer) ?? 0) + 1)
    connection.addEventListener('close', () => this.#leave(guest))
    if (!this.#components.admission.isMember(guest.peer)) this.#makeRoomFor(guest)
    return false
  }

  #leave(guest: Guest): void {
    this.#strangers.delete(guest)
    const left = (this.#open.get(guest.peer) ?? 0) - 1
    if (left > 0) this.#open.set(guest.peer, left)
    else this.#open.delete(guest.peer)
  }

  #makeRoomFor(guest: Guest): void {
    this.#forgetMembers()
    this.#strangers.add(guest)
    const near = [...this.#strangers].filter(({ group }) => group === guest.group)
    if (near.length > LIMITS.strangersPerAddressMax) this.#showOut(near[0])
    else if (this.#strangers.size > LIMITS.strangersMax) {
      const [oldest] = this.#strangers
      this.#showOut(oldest)
    }
  }

  /** Of those who were strangers when they came. */
  #forgetMembers(): void {
    for (const guest of this.#strangers) {
      if (this.#components.admission.isMember(guest.peer)) this.#strangers.delete(guest)
    }
  }

  #showOut(guest: Guest | undefined): void {
    if (guest === undefined) return
    this.#counts.strangers += 1
    this.#strangers.delete(guest)
    const message = 'too many peers that have not shown a certificate are connected'
    guest.connection.abort(new MeshError('TOO_MANY_REQUESTS', message))
  }
}
