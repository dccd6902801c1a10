/**
 * Publishes what a node says of itself on a topic: often enough to be believed, at once when it has changed
 * or somebody new listens.
 */
import { repeat } from '../core/repeat.ts'
import { sleep } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface PresencePublisherComponents {
  node: MeshNode
  clock: Clock
  random: Random
  logger: Logger
  /**
   * What to say now, if anything: each time something new, as the same again is taken for a replay.
   * @param isAsked somebody is there who may know nothing yet, or there is news
   */
  write: (isAsked: boolean) => Promise<Uint8Array> | Uint8Array | undefined
}

export interface PresencePublisherInit {
  topic: string
  /** Time between two publications, jittered by a third. */
  publishMs: number | (() => number)
  /** The same at least, whatever happens. @default 0 */
  gapMs?: () => number
  /** Several reasons to publish that come within it make one publication. @default 200 */
  gatherMs?: number
}

const GATHER_MS = 200

export class PresencePublisher implements Startable {
  readonly #components: PresencePublisherComponents
  readonly #init: PresencePublisherInit
  readonly #controller = new AbortController()
  #isGathering = false
  #isAsked = false
  #publishedAtMs = -Infinity

  constructor(components: PresencePublisherComponents, init: PresencePublisherInit) {
    this.#components = components
    this.#init = init
  }

  async start(): Promise<void> {
    const { clock, node, random } = this.#components
    const { signal } = this.#controller
    node.libp2p.services.pubsub.addEventListener('subscription-change', this.#onSubscription)
    const period = { clock, random, signal, periodMs: this.#init.publishMs }
    void repeat(period, () => this.#publish())
  }

  async stop(): Promise<void> {
    this.#components.node.libp2p.services.pubsub.removeEventListener(
      'subscription-change',
      this.#onSubscription
    )
    this.#controller.abort()
  }

  publishSoon(): void {
    this.#isAsked = true
    void this.#publish()
  }

  readonly #onSubscription = (event: CustomEvent<{ subscriptions: { topic: string }[] }>): void => {
    const { topic } = this.#init
    if (event.detail.subscriptions.some((change) => change.topic === topic)) this.publishSoon()
  }

  async #publish(): Promise<void> {
    if (this.#isGathering || this.#controller.signal.aborted) return
    this.#isGathering = true
    const { clock, logger, node, write } = this.#components
    try {
      await sleep(clock, this.#pauseMs(), { signal: this.#controller.signal })
      this.#isGathering = false
      this.#publishedAtMs = clock.monotonicMs()
      const isAsked = this.#isAsked
      this.#isAsked = false
      const news = await write(isAsked)
      if (news !== undefined) await node.libp2p.services.pubsub.publish(this.#init.topic, news)
    } catch (cause) {
      this.#isGathering = false
      if (!this.#controller.signal.aborted) logger.debug({ err: cause }, 'presence not published')
    }
  }

  #pauseMs(): number {
    const { gapMs = () => 0, gatherMs = GATHER_MS } = this.#init
    const sinceMs = this.#components.clock.monotonicMs() - this.#publishedAtMs
    return Math.max(gatherMs, gapMs() - sinceMs)
  }
}
