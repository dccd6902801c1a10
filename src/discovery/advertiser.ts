/**
 * A worker's side of discovery: says "I am here" in the DHT under the namespace's key, and publishes
 * its signed record on the namespace's topic: often enough that a router trusts its figures, at once
 * when somebody new listens or a bootstrap has come back.
 */
import { sleep } from '../core/abort.ts'
import { presenceTopic } from '../protocol/ids.ts'
import { namespaceCid, NAMESPACE_SHARDS } from './namespace.ts'
import { sealRecord } from './record.ts'
import type { BootstrapKeeper } from '../network/bootstrap-keeper.ts'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface AdvertiserComponents {
  node: MeshNode
  keeper: BootstrapKeeper
  key: PrivateKey
  clock: Clock
  random: Random
  logger: Logger
  /** What to say now, without the number that makes it newer than the last. */
  describe: () => Omit<CapabilityRecord, 'seq'>
}

export interface AdvertiserInit {
  namespace: string
  /** Time between two publications, jittered by a third. @default 15000 */
  publishMs?: number
  /** Time between two announcements in the DHT, where records live for 30 minutes. @default 600000 */
  provideMs?: number
}

const PROVIDE_TIMEOUT_MS = 20_000
const PROVIDE_RETRY_MS = 2_000
/** A record is given to whoever asks for so long; signing one for every question would cost too much. */
const RECORD_REUSE_MS = 1_000
/** Several reasons to publish that come together make one publication. */
const GATHER_MS = 200

export class Advertiser implements Startable {
  readonly #components: AdvertiserComponents
  readonly #init: Required<AdvertiserInit>
  readonly #controller = new AbortController()
  #lastSeq = 0
  #sealed: { atMs: number; bytes: Promise<Uint8Array> } | undefined
  #isPublishing = false
  #isProviding = false

  constructor(components: AdvertiserComponents, init: AdvertiserInit) {
    this.#components = components
    this.#init = { publishMs: 15_000, provideMs: 600_000, ...init }
  }

  /** The record of this moment, or of one shortly before, signed. */
  async sealedRecord(): Promise<Uint8Array> {
    const ageMs = this.#components.clock.monotonicMs() - (this.#sealed?.atMs ?? -Infinity)
    return await (this.#sealed !== undefined && ageMs < RECORD_REUSE_MS
      ? this.#sealed.bytes
      : this.#seal())
  }

  async start(): Promise<void> {
    const { keeper, node } = this.#components
    keeper.onConnected(() => this.announceSoon())
    node.libp2p.services.pubsub.addEventListener('subscription-change', this.#onSubscription)
    void this.#repeat(this.#init.publishMs, () => this.#publish())
    void this.#repeat(this.#init.provideMs, () => this.#provide())
  }

  async stop(): Promise<void> {
    this.#components.node.libp2p.services.pubsub.removeEventListener(
      'subscription-change',
      this.#onSubscription
    )
    this.#controller.abort()
  }

  /** Publishes and announces as soon as may be: something about this worker or its mesh has changed. */
  announceSoon(): void {
    void this.#publish()
    void this.#provide()
  }

  readonly #onSubscription = (event: CustomEvent<{ subscriptions: { topic: string }[] }>): void => {
    const topic = presenceTopic(this.#init.namespace)
    if (event.detail.subscriptions.some((change) => change.topic === topic)) void this.#publish()
  }

  #seal(): Promise<Uint8Array> {
    const { clock, describe, key } = this.#components
    this.#lastSeq = Math.max(this.#lastSeq + 1, Math.floor(clock.wallMs()))
    const bytes = sealRecord({ ...describe(), seq: this.#lastSeq }, key)
    this.#sealed = { atMs: clock.monotonicMs(), bytes }
    return bytes
  }

  async #publish(): Promise<void> {
    if (this.#isPublishing) return
    this.#isPublishing = true
    const { clock, logger, node } = this.#components
    try {
      await sleep(clock, GATHER_MS, { signal: this.#controller.signal })
      this.#isPublishing = false
      const topic = presenceTopic(this.#init.namespace)
      // Always a new one: whoever heard the last would take the same again for a replay.
      await node.libp2p.services.pubsub.publish(topic, await this.#seal())
    } catch (cause) {
      this.#isPublishing = false
      if (!this.#controller.signal.aborted) logger.debug({ err: cause }, 'presence not published')
    }
  }

  async #provide(): Promise<void> {
    if (this.#isProviding || !this.#components.keeper.isConnected) return
    this.#isProviding = true
    const { clock, logger, node } = this.#components
    const cid = await namespaceCid(this.#init.namespace, shardOf(node.selfPeer))
    while (!this.#controller.signal.aborted) {
      const signal = AbortSignal.any([
        this.#controller.signal,
        AbortSignal.timeout(PROVIDE_TIMEOUT_MS)
      ])
      try {
        await node.libp2p.contentRouting.provide(cid, { signal })
        logger.debug({ namespace: this.#init.namespace }, 'announced in the DHT')
        break
      } catch (cause) {
        logger.debug({ err: cause }, 'not announced in the DHT, trying on')
        await sleep(clock, PROVIDE_RETRY_MS, { signal: this.#controller.signal }).catch(() => {})
      }
    }
    this.#isProviding = false
  }

  async #repeat(periodMs: number, work: () => Promise<void>): Promise<void> {
    const { clock, random } = this.#components
    try {
      while (!this.#controller.signal.aborted) {
        await work()
        const jitter = 2 / 3 + (2 / 3) * random.next()
        await sleep(clock, periodMs * jitter, { signal: this.#controller.signal })
      }
    } catch {
      // Only `stop` ends the sleep early.
    }
  }
}

function shardOf(peer: string): number {
  let hash = 0
  for (const letter of peer) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
  return hash % NAMESPACE_SHARDS
}
