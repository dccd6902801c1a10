/**
 * Holds on to the bootstrap nodes for ever: dials each until it answers, again whenever it is lost,
 * with or without its peer id. libp2p's own bootstrap module dials once and refuses bare addresses.
 */
import { MeshError } from '../../core/errors.ts'
import { parseAddress } from '../addresses.ts'
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

/** One bootstrap address and what is known of it. */
interface Entry {
  readonly address: string
  peer: string | undefined
  /** Times that it was dialled since it was last seen to stay. */
  attempts: number
  /** How the last of them went. */
  isReached: boolean
  cancel: CancelTimer
}

export class BootstrapKeeper implements Startable {
  readonly #components: BootstrapKeeperComponents
  readonly #entries: Entry[]
  readonly #controller = new AbortController()
  readonly #onConnected = new Set<() => void>()

  /** @throws MeshError FIELD_INVALID for what is no multiaddr: dialling that for ever would help nobody */
  constructor(components: BootstrapKeeperComponents, addresses: readonly string[]) {
    this.#components = components
    for (const address of addresses) parseAddress(address)
    this.#entries = addresses.map((address) => ({
      address,
      peer: undefined,
      attempts: 0,
      isReached: false,
      cancel: () => {}
    }))
  }

  /** Calls back each time that a bootstrap is connected, the first time and after every loss. */
  onConnected(callback: () => void): void {
    this.#onConnected.add(callback)
  }

  /** True when at least one bootstrap is connected now. */
  get isConnected(): boolean {
    return this.#entries.some((entry) => this.#isAlive(entry))
  }

  async start(): Promise<void> {
    for (const entry of this.#entries) void this.#check(entry)
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    for (const entry of this.#entries) entry.cancel()
  }

  async #check(entry: Entry): Promise<void> {
    if (this.#controller.signal.aborted) return
    const delayMs = this.#isAlive(entry) ? await this.#lookAfter(entry) : await this.#dial(entry)
    if (this.#controller.signal.aborted) return
    entry.cancel = this.#components.clock.after(delayMs, () => void this.#check(entry))
  }

  async #lookAfter(entry: Entry): Promise<number> {
    entry.attempts = 0
    await this.#fillRoutingTable()
    return CHECK_MS
  }

  /** @returns after how many milliseconds to look again: one that shows the door at once is not asked all the time */
  async #dial(entry: Entry): Promise<number> {
    const { node, logger } = this.#components
    entry.attempts += 1
    const isNews = entry.attempts === 1
    const backoffMs = this.#backoffMs(entry.attempts)
    const signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    try {
      const connection = await node.connect(entry.address, { signal })
      entry.peer = connection.remotePeer.toString()
      // After others that failed it is news as well, after others that were cut off at once it is not.
      logger[isNews || !entry.isReached ? 'info' : 'debug'](
        { peer: entry.peer, address: entry.address },
        'bootstrap connected'
      )
      entry.isReached = true
      for (const callback of this.#onConnected) callback()
      return Math.max(CHECK_MS, backoffMs)
    } catch (cause) {
      if (!this.#controller.signal.aborted) {
        const { code, message } = MeshError.from(cause)
        logger[isNews || entry.isReached ? 'warn' : 'debug'](
          { address: entry.address, code, why: message },
          'bootstrap not reachable, trying on'
        )
      }
      entry.isReached = false
      return backoffMs
    }
  }

  /** The DHT learns peers only from an identify that now and then is missed; an empty table asks again. */
  async #fillRoutingTable(): Promise<void> {
    const { logger, node } = this.#components
    const { dht, identify } = node.libp2p.services
    if (dht.routingTable.size > 0) return
    for (const connection of node.libp2p.getConnections()) {
      const signal = AbortSignal.any([
        this.#controller.signal,
        AbortSignal.timeout(DIAL_TIMEOUT_MS)
      ])
      await identify.identify(connection, { signal }).catch((cause: unknown) => {
        logger.debug({ peer: connection.remotePeer.toString(), err: cause }, 'identify failed')
      })
    }
  }

  #isAlive(entry: Entry): boolean {
    return entry.peer !== undefined && this.#components.node.isConnected(entry.peer)
  }

  #backoffMs(attempts: number): number {
    const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempts - 1, 10))
    return fullMs * (0.5 + this.#components.random.next() / 2)
  }
}
