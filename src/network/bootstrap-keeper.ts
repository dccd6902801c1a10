/**
 * Holds on to the bootstrap nodes for ever: dials each until it answers, again whenever it is lost,
 * with or without its peer id. libp2p's own bootstrap module dials once and refuses bare addresses.
 */
import { parseAddress } from './addresses.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from './mesh-node.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

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
  failures: number
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
      failures: 0,
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
    if (this.#isAlive(entry)) await this.#fillRoutingTable()
    else await this.#dial(entry)
    if (this.#controller.signal.aborted) return
    const delayMs = entry.failures === 0 ? CHECK_MS : this.#backoffMs(entry.failures)
    entry.cancel = this.#components.clock.after(delayMs, () => void this.#check(entry))
  }

  async #dial(entry: Entry): Promise<void> {
    const { node, logger } = this.#components
    const signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    try {
      const connection = await node.connect(entry.address, { signal })
      entry.peer = connection.remotePeer.toString()
      entry.failures = 0
      logger.info({ peer: entry.peer, address: entry.address }, 'bootstrap connected')
      for (const callback of this.#onConnected) callback()
    } catch (cause) {
      if (this.#controller.signal.aborted) return
      entry.failures += 1
      const level = entry.failures === 1 ? 'warn' : 'debug'
      logger[level]({ address: entry.address, err: cause }, 'bootstrap not reachable, trying on')
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

  #backoffMs(failures: number): number {
    const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures - 1, 10))
    return fullMs * (0.5 + this.#components.random.next() / 2)
  }
}
