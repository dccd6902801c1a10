/**
 * How a node with files makes itself known: on its namespace's topic, when its list has changed and now and
 * then, and, where it is no worker that is known as such, in the DHT.
 */
import { KeyProvider } from './key-provider.ts'
import { PresencePublisher } from './presence-publisher.ts'
import { presencePace } from './presence-pace.ts'
import { filesTopic } from '../protocol/ids.ts'
import { writeFilePresence } from './presence-kind.ts'
import type { Access } from '../protocol/access.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { OwnOffers } from './own-offers.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface FileAdvertiserComponents {
  access: Pick<Access, 'certificate'>
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  random: Random
  logger: Logger
  offers: Pick<OwnOffers, 'count' | 'onChanged' | 'revision' | 'run'>
}

export interface FileAdvertiserInit {
  namespace: string
  /** DHT keys under which it is to be found. */
  keys: readonly string[]
  /** Changes that come within it are told of together. @default 1000 */
  gatherMs?: number
  /** Of a worker: how many there are, all of which may have files. @default few */
  workerCount?: (() => number) | undefined
}

/** Whoever missed a change hears of it with the next message. */
const PUBLISH_MS = 60_000
/** A folder that is being read has many changes. */
const GATHER_MS = 1_000
/** As in schemas/file-presence.schema.json. */
const ADDRESSES_MAX = 16

export class FileAdvertiser implements Startable {
  readonly #components: FileAdvertiserComponents
  readonly #namespace: string
  readonly #publisher: PresencePublisher
  readonly #provider: KeyProvider
  #lastSeq = 0

  constructor(components: FileAdvertiserComponents, init: FileAdvertiserInit) {
    const { gatherMs = GATHER_MS, keys, namespace, workerCount = () => 0 } = init
    this.#components = components
    this.#namespace = namespace
    this.#publisher = new PresencePublisher(
      { ...components, write: () => this.#write() },
      {
        gatherMs,
        publishMs: () => presencePace(workerCount(), PUBLISH_MS).periodMs,
        gapMs: () => presencePace(workerCount()).gapMs,
        topic: filesTopic(namespace)
      }
    )
    this.#provider = new KeyProvider(components, { keys: () => keys })
  }

  async start(): Promise<void> {
    const { keeper, offers } = this.#components
    keeper.onConnected(() => this.#publisher.publishSoon())
    offers.onChanged(() => this.#publisher.publishSoon())
    await this.#publisher.start()
    await this.#provider.start()
  }

  async stop(): Promise<void> {
    await this.#publisher.stop()
    await this.#provider.stop()
  }

  /** Of one that never had a file there is nothing to say. */
  #write(): Uint8Array | undefined {
    const { access, clock, node, offers } = this.#components
    if (offers.revision === 0) return undefined
    this.#lastSeq = Math.max(this.#lastSeq + 1, Math.floor(clock.wallMs()))
    return writeFilePresence({
      version: 1,
      peer_id: node.selfPeer,
      namespace: this.#namespace,
      seq: this.#lastSeq,
      run: offers.run,
      revision: offers.revision,
      count: offers.count,
      addresses: node.addresses().slice(0, ADDRESSES_MAX),
      ...(access.certificate === undefined ? {} : { certificate: access.certificate })
    })
  }
}
