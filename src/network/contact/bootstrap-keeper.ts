/**
 * Holds on to the mesh for ever, by its bootstrap nodes: dials each until it answers, again whenever it is lost,
 * with or without its peer id. libp2p's own bootstrap module dials once and refuses bare addresses. Whoever asks
 * the DHT or is known by it hears from here whether it can be asked, and when to say everything anew.
 */
import { MeshError } from '../../core/errors.ts'
import { TableRepair } from './table-repair.ts'
import { parseAddress, peerIn } from '../addresses.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode } from '../mesh-node.ts'
import type { Random } from '../../core/random.ts'
import type { Startable } from '../../core/startable.ts'

export interface BootstrapKeeperComponents {
  node: MeshNode
  clock: Clock
  random: Random
  logger: Logger
}

const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 15_000
/** How often a live connection is looked at. */
const CHECK_MS = 2_000
const DIAL_TIMEOUT_MS = 10_000
/** An address that leads to this node itself may be another's one day; a name is given to another machine. */
const OWN_ADDRESS_MS = 60_000

/** One bootstrap address and what is known of it. */
interface Entry {
  readonly address: string
  peer: string | undefined
  /** Times that it was dialled since it was last seen to stay. */
  attempts: number
  /** How the last of them went. */
  isReached: boolean
  isDialling: boolean
  cancel: CancelTimer
}

export class BootstrapKeeper implements Startable {
  readonly #components: BootstrapKeeperComponents
  readonly #entries: Entry[]
  readonly #repair: TableRepair
  readonly #controller = new AbortController()
  readonly #onConnected = new Set<() => void>()

  /** @throws MeshError FIELD_INVALID for what is no multiaddr: dialling that for ever would help nobody */
  constructor(components: BootstrapKeeperComponents, addresses: readonly string[]) {
    this.#components = components
    this.#entries = addresses.map((address) => ({
      address,
      peer: peerIn(parseAddress(address)),
      attempts: 0,
      isReached: false,
      isDialling: false,
      cancel: () => {}
    }))
    // Where a bootstrap is connected, that was said already.
    this.#repair = new TableRepair(components, () => {
      if (!this.isConnected) this.sayAnew()
    })
  }

  /** How many bootstraps this node was given. */
  get count(): number {
    return this.#entries.length
  }

  /** Those that are connected now. */
  get peers(): string[] {
    const alive = this.#entries.filter((entry) => this.#isAlive(entry))
    return [...new Set(alive.flatMap(({ peer }) => peer ?? []))]
  }

  /**
   * Calls back whenever this node has to say anew that it is there, and may find whom it did not before: each time
   * that a bootstrap is connected, that anybody at all is found who keeps the DHT, and that the node has moved.
   */
  onConnected(callback: () => void): void {
    this.#onConnected.add(callback)
  }

  /** True when at least one bootstrap is connected now. */
  get isConnected(): boolean {
    return this.#entries.some((entry) => this.#isAlive(entry))
  }

  /** Whether a look-up in the DHT may find anything: without a bootstrap it lives on by its other servers. */
  get canLookUp(): boolean {
    return this.isConnected || this.#components.node.libp2p.services.dht.routingTable.size > 0
  }

  async start(): Promise<void> {
    await this.#repair.start()
    for (const entry of this.#entries) void this.#check(entry)
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    for (const entry of this.#entries) entry.cancel()
    await this.#repair.stop()
  }

  /** All that waits to be dialled is dialled now, whatever came of it before: the network may be another one. */
  dialNow(): void {
    for (const entry of this.#entries) {
      if (entry.isDialling || this.#isAlive(entry)) continue
      entry.cancel()
      entry.attempts = 0
      void this.#check(entry)
    }
  }

  /** What this node has said of itself is true no more, or may have been forgotten. */
  sayAnew(): void {
    for (const callback of this.#onConnected) callback()
  }

  async #check(entry: Entry): Promise<void> {
    if (this.#controller.signal.aborted) return
    const delayMs = this.#isAlive(entry) ? this.#lookAfter(entry) : await this.#dial(entry)
    if (this.#controller.signal.aborted) return
    entry.cancel = this.#components.clock.after(delayMs, () => void this.#check(entry))
  }

  #lookAfter(entry: Entry): number {
    entry.attempts = 0
    // It may have dialled us, or be known from elsewhere.
    if (!entry.isReached) this.#reached(entry, true)
    return CHECK_MS
  }

  /** @returns after how many milliseconds to look again: one that shows the door at once is not asked all the time */
  async #dial(entry: Entry): Promise<number> {
    const { node } = this.#components
    if (this.#isOwn(entry)) return OWN_ADDRESS_MS
    entry.attempts += 1
    const isFirst = entry.attempts === 1
    const backoffMs = this.#backoffMs(entry.attempts)
    const signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    entry.isDialling = true
    try {
      const connection = await node.connect(entry.address, { signal })
      entry.peer = connection.remotePeer.toString()
      this.#reached(entry, isFirst)
      return Math.max(CHECK_MS, backoffMs)
    } catch (cause) {
      if (isSelfDial(cause)) return OWN_ADDRESS_MS
      if (!this.#controller.signal.aborted) this.#missed(entry, isFirst, cause)
      return backoffMs
    } finally {
      entry.isDialling = false
    }
  }

  #reached(entry: Entry, isFirst: boolean): void {
    const { address, peer } = entry
    // After others that failed it is news as well, after others that were cut off at once it is not.
    const isNews = isFirst || !entry.isReached
    this.#components.logger[isNews ? 'info' : 'debug']({ peer, address }, 'bootstrap connected')
    entry.isReached = true
    this.sayAnew()
  }

  #missed(entry: Entry, isFirst: boolean, cause: unknown): void {
    const { code, message: why } = MeshError.from(cause)
    this.#components.logger[isFirst || entry.isReached ? 'warn' : 'debug'](
      { address: entry.address, code, why },
      'bootstrap not reachable, trying on'
    )
    entry.isReached = false
  }

  #isAlive(entry: Entry): boolean {
    return entry.peer !== undefined && this.#components.node.isConnected(entry.peer)
  }

  /** One list of bootstraps may be for all nodes, themselves included. */
  #isOwn({ address, peer }: Entry): boolean {
    const { node } = this.#components
    if (peer === node.selfPeer) return true
    return node.addresses().includes(`${address}/p2p/${node.selfPeer}`)
  }

  #backoffMs(attempts: number): number {
    const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempts - 1, 10))
    return fullMs * (0.5 + this.#components.random.next() / 2)
  }
}

/** By whatever name it was dialled, libp2p finds its own key at the other end. */
function isSelfDial(cause: unknown): boolean {
  return /dial self/i.test(MeshError.from(cause).message)
}
