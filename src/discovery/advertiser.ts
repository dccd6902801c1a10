/**
 * A worker's side of discovery: says "I am here" in the DHT under the namespace's key, and publishes
 * its signed record on the namespace's topic, often enough that a router trusts its figures.
 */
import { KeyProvider } from './key-provider.ts'
import { namespaceKey, presenceTopic } from '../protocol/ids.ts'
import { PresencePublisher } from './presence-publisher.ts'
import { sealRecord } from './record.ts'
import { shardOf } from './namespace.ts'
import type { BootstrapKeeper } from '../network/reach/bootstrap-keeper.ts'
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
  /** Time between two announcements in the DHT. @default 600000 */
  provideMs?: number
}

const PUBLISH_MS = 15_000
/** A record is given to whoever asks for so long; signing one for every question would cost too much. */
const RECORD_REUSE_MS = 1_000

export class Advertiser implements Startable {
  readonly #components: AdvertiserComponents
  readonly #publisher: PresencePublisher
  readonly #provider: KeyProvider
  #lastSeq = 0
  #sealed: { atMs: number; bytes: Promise<Uint8Array> } | undefined

  constructor(components: AdvertiserComponents, init: AdvertiserInit) {
    const { namespace, provideMs, publishMs = PUBLISH_MS } = init
    const { selfPeer } = components.node
    this.#components = components
    this.#publisher = new PresencePublisher(
      { ...components, write: () => this.#seal() },
      { topic: presenceTopic(namespace), publishMs }
    )
    const key = namespaceKey(namespace, shardOf(selfPeer))
    this.#provider = new KeyProvider(components, { key, provideMs })
  }

  /** The record of this moment, or of one shortly before, signed. */
  async sealedRecord(): Promise<Uint8Array> {
    const ageMs = this.#components.clock.monotonicMs() - (this.#sealed?.atMs ?? -Infinity)
    return await (this.#sealed !== undefined && ageMs < RECORD_REUSE_MS
      ? this.#sealed.bytes
      : this.#seal())
  }

  async start(): Promise<void> {
    this.#components.keeper.onConnected(() => this.#publisher.publishSoon())
    await this.#publisher.start()
    await this.#provider.start()
  }

  async stop(): Promise<void> {
    await this.#publisher.stop()
    await this.#provider.stop()
  }

  #seal(): Promise<Uint8Array> {
    const { clock, describe, key } = this.#components
    this.#lastSeq = Math.max(this.#lastSeq + 1, Math.floor(clock.wallMs()))
    const bytes = sealRecord({ ...describe(), seq: this.#lastSeq }, key)
    this.#sealed = { atMs: clock.monotonicMs(), bytes }
    return bytes
  }
}
