/**
 * Looks DHT keys up for as long as it runs, often while it still finds somebody new, seldom when it does not, and
 * the less often the more keys there are. What it finds it hands on, unproven.
 */
import { sleep } from '../core/abort.ts'
import { LIMITS } from '../core/limits.ts'
import { inLanes } from '../core/lanes.ts'
import { keyCid } from './key-cid.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

export interface KeySearchComponents {
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  logger: Logger
  onFound: (peer: string, addresses: readonly string[]) => void
}

/** Something to look up. */
export interface SearchKey {
  /** The text whose hash is the DHT key. */
  key: string
  /** What to look up besides, now that it is known how many are found here. */
  below?: (providerCount: number) => readonly SearchKey[]
}

export interface KeySearchInit {
  keys: readonly SearchKey[]
  /** Time between two look-ups while they still find somebody new. @default 2000 */
  eagerMs?: number | undefined
  /** Time between two look-ups that find nobody new, reached step by step. @default 30000 */
  idleMs?: number | undefined
}

const EAGER_MS = 2_000
const IDLE_MS = 30_000
const LOOKUP_TIMEOUT_MS = 15_000
/** Look-ups on their way at the same time. */
const LANES = 4
/** For each key of a round, the next round is so much later: four look-ups a second at most, in the long run. */
const KEY_MS = 250

export class KeySearch implements Startable {
  readonly #components: KeySearchComponents
  readonly #keys: readonly SearchKey[]
  readonly #eagerMs: number
  readonly #idleMs: number
  readonly #controller = new AbortController()
  /** Whom look-ups have found before; for the pace alone, so that it may forget. */
  readonly #known = new Set<string>()
  #periodMs: number
  /** Keys of the last round. */
  #keyCount = 0
  /** Ends the present pause between two look-ups. */
  #wake = new AbortController()

  constructor(components: KeySearchComponents, { eagerMs, idleMs, keys }: KeySearchInit) {
    this.#components = components
    this.#keys = keys
    this.#eagerMs = eagerMs ?? EAGER_MS
    this.#idleMs = idleMs ?? IDLE_MS
    this.#periodMs = this.#eagerMs
  }

  async start(): Promise<void> {
    this.#components.keeper.onConnected(() => this.#lookAgainSoon())
    void this.#lookUpForEver()
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    this.#wake.abort()
  }

  #lookAgainSoon(): void {
    this.#periodMs = this.#eagerMs
    this.#wake.abort()
  }

  async #lookUpForEver(): Promise<void> {
    const { keeper } = this.#components
    while (!this.#controller.signal.aborted) {
      // A look-up in an empty routing table would only wait for its time limit.
      if (keeper.canLookUp) {
        const hasNew = await this.#lookUp()
        const slowerMs = Math.min(this.#idleMs, this.#periodMs * 1.5)
        this.#periodMs = hasNew ? this.#eagerMs : slowerMs
      }
      await this.#pause(Math.max(this.#periodMs, (this.#keyCount - 1) * KEY_MS))
    }
  }

  async #pause(delayMs: number): Promise<void> {
    this.#wake = new AbortController()
    const signal = AbortSignal.any([this.#controller.signal, this.#wake.signal])
    // Woken, for whatever reason, it goes on just the same.
    await sleep(this.#components.clock, delayMs, { signal }).catch(() => {})
  }

  /** One round. @returns true when it found somebody for the first time */
  async #lookUp(): Promise<boolean> {
    let hasNew = false
    let keys = this.#keys
    this.#keyCount = 0
    while (keys.length > 0) {
      const below: SearchKey[] = []
      this.#keyCount += keys.length
      await inLanes(keys, LANES, async (key) => {
        const found = await this.#lookUpKey(key.key)
        hasNew = found.hasNew || hasNew
        below.push(...(key.below?.(found.count) ?? []))
      })
      keys = below
    }
    return hasNew
  }

  async #lookUpKey(key: string): Promise<{ count: number; hasNew: boolean }> {
    const { logger, node, onFound } = this.#components
    const stop = this.#controller.signal
    let count = 0
    let hasNew = false
    try {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)])
      const cid = await keyCid(key)
      for await (const provider of node.libp2p.contentRouting.findProviders(cid, { signal })) {
        if (stop.aborted) break
        const peer = provider.id.toString()
        count += 1
        if (peer === node.selfPeer) continue
        hasNew = this.#isNew(peer) || hasNew
        onFound(peer, provider.multiaddrs.map(String))
      }
    } catch (cause) {
      if (!stop.aborted) logger.debug({ key, err: cause }, 'look-up in the DHT failed')
    }
    return { count, hasNew }
  }

  #isNew(peer: string): boolean {
    if (this.#known.has(peer)) return false
    if (this.#known.size >= LIMITS.directoryWorkersMax) this.#known.clear()
    this.#known.add(peer)
    return true
  }
}
