/**
 * A worker's side of discovery: says "I am here" in the DHT under its keys of the namespace, and publishes on the
 * namespace's topic: its signed record when somebody asks, when it has changed and now and then, else that it is
 * there still. How often, and under which keys, follows from how many workers there are.
 */
import { Census } from './census.ts'
import { KeyProvider } from './key-provider.ts'
import { presenceTopic } from '../protocol/ids.ts'
import { PresencePublisher } from './presence-publisher.ts'
import { presencePace } from './presence-pace.ts'
import { sealRecord } from './record.ts'
import { levelFor, shardKey, shardsOf } from './shards.ts'
import { writeBeat } from './presence-kind.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { CapabilityRecord } from './record.ts'
import type { CensusComponents } from './census.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { PresencePace } from './presence-pace.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export type Description = Omit<CapabilityRecord, 'seq' | 'ttl_s'>

export interface AdvertiserComponents extends Pick<CensusComponents, 'binding'> {
  node: MeshNode
  keeper: BootstrapKeeper
  key: PrivateKey
  clock: Clock
  random: Random
  logger: Logger
  /** What to say now, without the number that makes it newer than the last, and how long it may be believed. */
  describe: () => Description
}

export interface AdvertiserInit {
  namespace: string
  /** Shortest time between two publications, jittered by a third. @default 15000 */
  publishMs?: number
  /** Time between two announcements in the DHT. @default 600000 */
  provideMs?: number
  /** Time between two questions of how many workers there are. @default 300000 */
  censusMs?: number
}

/** Between two records of a worker that does not change: whoever has missed one has the next in two minutes, in a mesh of usual size. */
const BEATS_PER_RECORD = 7
/** A record is given to whoever asks for so long; signing one for every question would cost too much. */
const RECORD_REUSE_MS = 1_000

export class Advertiser implements Startable {
  readonly #components: AdvertiserComponents
  readonly #init: AdvertiserInit
  readonly #census: Census
  readonly #publisher: PresencePublisher
  readonly #provider: KeyProvider
  #lastSeq = 0
  #sealed: { atMs: number; bytes: Promise<Uint8Array> } | undefined
  /** What does not change by itself of the record that was published last, and beats since. */
  #told = { about: '', beatCount: 0 }
  /** Undefined before it is known how many workers there are: after a power cut all would stand under one key. */
  #level: number | undefined

  constructor(components: AdvertiserComponents, init: AdvertiserInit) {
    const { censusMs, namespace, provideMs } = init
    this.#components = components
    this.#init = init
    this.#census = new Census(components, {
      namespace,
      periodMs: censusMs,
      onCounted: () => this.#onCounted()
    })
    this.#publisher = new PresencePublisher(
      { ...components, write: (isAsked) => this.#write(isAsked) },
      {
        topic: presenceTopic(namespace),
        publishMs: () => this.#pace.periodMs,
        gapMs: () => this.#pace.gapMs
      }
    )
    this.#provider = new KeyProvider(components, { keys: () => this.#keys, provideMs })
  }

  /** The record of this moment, or of one shortly before, signed. */
  async sealedRecord(): Promise<Uint8Array> {
    const ageMs = this.#components.clock.monotonicMs() - (this.#sealed?.atMs ?? -Infinity)
    return await (this.#sealed !== undefined && ageMs < RECORD_REUSE_MS
      ? this.#sealed.bytes
      : this.#seal(this.#components.describe()))
  }

  /** As far as this worker knows. */
  get workerCount(): number {
    return this.#census.workerCount
  }

  async start(): Promise<void> {
    this.#components.keeper.onConnected(() => this.#publisher.publishSoon())
    await this.#publisher.start()
    await this.#provider.start()
    await this.#census.start()
  }

  async stop(): Promise<void> {
    await this.#census.stop()
    await this.#publisher.stop()
    await this.#provider.stop()
  }

  get #pace(): PresencePace {
    return presencePace(this.#census.workerCount, this.#init.publishMs)
  }

  get #keys(): string[] {
    if (this.#level === undefined) return []
    const shards = shardsOf(this.#components.node.selfPeer, this.#level)
    return shards.map((shard) => shardKey(this.#init.namespace, shard))
  }

  #onCounted(): void {
    const level = levelFor(this.#census.workerCount, this.#level ?? 0)
    if (level === this.#level) return
    this.#level = level
    this.#provider.provideSoon()
  }

  #write(isAsked: boolean): Promise<Uint8Array> | Uint8Array {
    const { describe, node } = this.#components
    const description = describe()
    const about = lasting(description)
    if (isAsked || about !== this.#told.about || this.#told.beatCount >= BEATS_PER_RECORD) {
      this.#told = { about, beatCount: 0 }
      return this.#seal(description)
    }
    this.#told.beatCount += 1
    const { namespace } = this.#init
    const number = { seq: this.#nextSeq(), ttl_s: this.#pace.ttlS }
    return writeBeat({ version: 1, peer_id: node.selfPeer, namespace, ...number })
  }

  #seal(description: Description): Promise<Uint8Array> {
    const { clock, key } = this.#components
    const record = { ...description, seq: this.#nextSeq(), ttl_s: this.#pace.ttlS }
    const bytes = sealRecord(record, key)
    this.#sealed = { atMs: clock.monotonicMs(), bytes }
    return bytes
  }

  #nextSeq(): number {
    const { clock } = this.#components
    this.#lastSeq = Math.max(this.#lastSeq + 1, Math.floor(clock.wallMs()))
    return this.#lastSeq
  }
}

/** What of a record is worth a message: not the figures that are never the same twice. */
function lasting({ capabilities, ...rest }: Description): string {
  const unsteady = { cpu_usage: 0, gpu_usage: 0, memory_available_mb: 0, disk_available_mb: 0 }
  return JSON.stringify({ ...rest, capabilities: { ...capabilities, ...unsteady } })
}
