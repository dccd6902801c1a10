/**
 * Looks a DHT key up for as long as it runs, often while it still finds somebody new, seldom when it does not.
 * What it finds it hands on, unproven.
 */
import { sleep } from '../core/abort.ts'
import { LIMITS } from '../core/limits.ts'
import { keyCid } from './key-cid.ts'
import type { BootstrapKeeper } from '../network/reach/bootstrap-keeper.ts'
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

export interface KeySearchInit {
  /** The texts whose hashes are the DHT keys. */
  keys: readonly string[]
  /** Time between two look-ups while they still find somebody new. @default 2000 */
  eagerMs?: number | undefined
  /** Time between two look-ups that find nobody new, reached step by step. @default 30000 */
  idleMs?: number | undefined
}

const EAGER_MS = 2_000
const IDLE_MS = 30_000
const LOOKUP_TIMEOUT_MS = 15_000

export class KeySearch implements Startable {
  readonly #components: KeySearchComponents
  readonly #keys: readonly string[]
  readonly #eagerMs: number
  readonly #idleMs: number
  readonly #controller = new AbortController()
  /** Whom look-ups have found before; for the pace alone, so that it may forget. */
  readonly #known = new Set<string>()
  #periodMs: number
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
      if (keeper.isConnected) {
        const hasNew = await this.#lookUp()
        const slowerMs = Math.min(this.#idleMs, this.#periodMs * 1.5)
        this.#periodMs = hasNew ? this.#eagerMs : slowerMs
      }
      await this.#pause(this.#periodMs)
    }
  }

  async #pause(delayMs: number): Promise<void> {
    this.#wake = new AbortController()
    const signal = AbortSignal.any([this.#controller.signal, this.#wake.signal])
    // Woken, for whatever reason, it goes on just the same.
    await sleep(this.#components.clock, delayMs, { signal }).catch(() => {})
  }

  /** @returns true when it found somebody for the first time */
  async #lookUp(): Promise<boolean> {
    const { logger, node, onFound } = this.#components
    let hasNew = false
    for (const key of this.#keys) {
      const signal = AbortSignal.any([
        this.#controller.signal,
        AbortSignal.timeout(LOOKUP_TIMEOUT_MS)
      ])
      try {
        const cid = await keyCid(key)
        for await (const provider of node.libp2p.contentRouting.findProviders(cid, { signal })) {
          const peer = provider.id.toString()
          if (peer === node.selfPeer) continue
          hasNew = this.#isNew(peer) || hasNew
          onFound(peer, provider.multiaddrs.map(String))
        }
      } catch (cause) {
        if (this.#controller.signal.aborted) return false
        logger.debug({ key, err: cause }, 'look-up in the DHT failed')
      }
    }
    return hasNew
  }

  #isNew(peer: string): boolean {
    if (this.#known.has(peer)) return false
    if (this.#known.size >= LIMITS.directoryWorkersMax) this.#known.clear()
    this.#known.add(peer)
    return true
  }
}
