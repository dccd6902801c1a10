/** Says in the DHT, under some keys, that this node is there: again and again, and anew whenever that may be forgotten or
 * has changed. */
import { repeat } from '../core/repeat.ts'
import { sleep } from '../core/abort.ts'
import { keyCid } from './key-cid.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
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
  /** The texts whose hashes are the DHT keys, as they are now; under one that is not among them any more it stays for half an hour. */
  keys: () => readonly string[]
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
  /** Under which it is announced, and libp2p repeats that by itself. */
  readonly #provided = new Set<string>()
  #isProviding = false
  /** Asked for while it was under way, with addresses that may be others by now. */
  #isDueAgain = false

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
    this.#isDueAgain = this.#isProviding
    if (this.#isProviding) return
    this.#isProviding = true
    while (!this.#controller.signal.aborted && this.#components.keeper.canLookUp) {
      // oxlint-disable-next-line no-await-in-loop -- until it is said, as it is now
      const isSaid = await this.#tryOnce(this.#init.keys())
      if (isSaid && !this.#isDueAgain) break
      this.#isDueAgain = false
    }
    this.#isProviding = false
  }

  /** @returns false after a failure, and a pause */
  async #tryOnce(keys: readonly string[]): Promise<boolean> {
    const { clock, logger, node } = this.#components
    const limit = AbortSignal.timeout(PROVIDE_TIMEOUT_MS)
    const signal = AbortSignal.any([this.#controller.signal, limit])
    try {
      for (const key of this.#provided) if (!keys.includes(key)) await this.#withdraw(key)
      for (const key of keys) {
        this.#provided.add(key)
        // oxlint-disable-next-line no-await-in-loop -- two at the most, for nearly everybody
        await node.libp2p.contentRouting.provide(await keyCid(key), { signal })
      }
      logger.debug({ keys }, 'announced in the DHT')
      return true
    } catch (cause) {
      logger.debug({ keys, err: cause }, 'not announced in the DHT, trying on')
      await sleep(clock, PROVIDE_RETRY_MS, { signal: this.#controller.signal }).catch(() => {})
      return false
    }
  }

  async #withdraw(key: string): Promise<void> {
    await this.#components.node.libp2p.contentRouting.cancelReprovide(await keyCid(key))
    this.#provided.delete(key)
  }
}
