/** Says in the DHT, under one key, that this node is there: again and again, and anew when a bootstrap has come back. */
import { repeat } from '../core/repeat.ts'
import { sleep } from '../core/abort.ts'
import { keyCid } from './key-cid.ts'
import type { BootstrapKeeper } from '../network/reach/bootstrap-keeper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface KeyProviderComponents {
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  random: Random
  logger: Logger
}

export interface KeyProviderInit {
  /** The text whose hash is the DHT key. */
  key: string
  /** Time between two announcements, where records live for 30 minutes. @default 600000 */
  provideMs?: number | undefined
}

const PROVIDE_MS = 600_000
const PROVIDE_TIMEOUT_MS = 20_000
const PROVIDE_RETRY_MS = 2_000

export class KeyProvider implements Startable {
  readonly #components: KeyProviderComponents
  readonly #init: KeyProviderInit
  readonly #controller = new AbortController()
  #isProviding = false

  constructor(components: KeyProviderComponents, init: KeyProviderInit) {
    this.#components = components
    this.#init = init
  }

  async start(): Promise<void> {
    const { clock, keeper, random } = this.#components
    const { signal } = this.#controller
    const { provideMs: periodMs = PROVIDE_MS } = this.#init
    keeper.onConnected(() => this.provideSoon())
    void repeat({ clock, random, signal, periodMs }, () => this.#provide())
  }

  async stop(): Promise<void> {
    this.#controller.abort()
  }

  provideSoon(): void {
    void this.#provide()
  }

  async #provide(): Promise<void> {
    if (this.#isProviding || !this.#components.keeper.isConnected) return
    this.#isProviding = true
    const { clock, logger, node } = this.#components
    const { key } = this.#init
    const cid = await keyCid(key)
    while (!this.#controller.signal.aborted) {
      const signal = AbortSignal.any([
        this.#controller.signal,
        AbortSignal.timeout(PROVIDE_TIMEOUT_MS)
      ])
      try {
        await node.libp2p.contentRouting.provide(cid, { signal })
        logger.debug({ key }, 'announced in the DHT')
        break
      } catch (cause) {
        logger.debug({ key, err: cause }, 'not announced in the DHT, trying on')
        await sleep(clock, PROVIDE_RETRY_MS, { signal: this.#controller.signal }).catch(() => {})
      }
    }
    this.#isProviding = false
  }
}
