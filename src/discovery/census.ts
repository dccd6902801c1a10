/**
 * How many workers a namespace has, as the bootstraps believe that this node is connected with. It is for the
 * pace of presence and the choice of DHT keys, which work with any number, only not as well with a wrong one.
 */
import { repeat } from '../core/repeat.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface CensusComponents {
  binding: Pick<CommandBinding, 'ask'>
  keeper: Pick<BootstrapKeeper, 'onConnected' | 'peers'>
  clock: Clock
  random: Random
  logger: Logger
}

export interface CensusInit {
  namespace: string
  /** Told each time that they were counted, and once when nobody is there who could be asked. */
  onCounted: () => void
  /** Between two times. @default 300000 */
  periodMs?: number | undefined
}

const PERIOD_MS = 300_000
const ANSWER_TIMEOUT_MS = 10_000
/** Whoever is connected with no bootstrap by then does without. */
const GRACE_MS = 10_000
/** More would say the same. */
const ASKED_MAX = 3
/** A bootstrap that was just started knows of nobody; the next count knows better. */
const SHRINK = 0.5

export class Census implements Startable {
  readonly #components: CensusComponents
  readonly #init: CensusInit
  readonly #controller = new AbortController()
  #cancelGrace: CancelTimer = () => {}
  #workerCount = 0

  constructor(components: CensusComponents, init: CensusInit) {
    this.#components = components
    this.#init = init
  }

  /** Zero until somebody has said otherwise. */
  get workerCount(): number {
    return this.#workerCount
  }

  async start(): Promise<void> {
    const { clock, keeper, random } = this.#components
    const { signal } = this.#controller
    const { periodMs = PERIOD_MS } = this.#init
    this.#cancelGrace = clock.after(GRACE_MS, () => this.#settle())
    keeper.onConnected(() => void this.#count())
    void repeat({ clock, random, signal, periodMs }, () => this.#count())
  }

  async stop(): Promise<void> {
    this.#cancelGrace()
    this.#controller.abort()
  }

  async #count(): Promise<void> {
    const peers = this.#components.keeper.peers.slice(0, ASKED_MAX)
    if (peers.length === 0 || this.#controller.signal.aborted) return
    const answers = await Promise.all(peers.map((peer) => this.#ask(peer)))
    const counts = answers.filter((count) => count !== undefined).toSorted((a, b) => a - b)
    // Of three the middle one, so that none decides by itself; of two the one that has been there for longer.
    const count = counts[Math.floor(counts.length / 2)]
    if (count !== undefined) {
      this.#workerCount = Math.max(count, Math.floor(this.#workerCount * SHRINK))
    }
    this.#settle()
  }

  #settle(): void {
    this.#cancelGrace()
    if (!this.#controller.signal.aborted) this.#init.onCounted()
  }

  async #ask(peer: string): Promise<number | undefined> {
    const { binding, logger } = this.#components
    const params = { namespace: this.#init.namespace, limit: 0 }
    const options = { signal: this.#controller.signal, timeoutMs: ANSWER_TIMEOUT_MS }
    try {
      return (await binding.ask(peer, 'FIND_NODES', params, options)).total
    } catch (cause) {
      if (!this.#controller.signal.aborted)
        logger.debug({ peer, err: cause }, 'a bootstrap does not say how many workers there are')
      return undefined
    }
  }
}
