/**
 * Announces this node's files in the DHT, each under its own key: so many and no more, those that the owner
 * shares before those that were fetched, the newest first. It goes slowly: whoever has thousands of files
 * shall not be busy telling of them. What libp2p has announced it repeats by itself.
 */
import { sleep } from '../core/abort.ts'
import { LIMITS } from '../core/limits.ts'
import { fileKey } from '../protocol/ids.ts'
import { keyCid } from './key-cid.ts'
import type { CID } from 'multiformats/cid'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { OwnOffers } from './own-offers.ts'
import type { Startable } from '../core/startable.ts'

/** What of libp2p's content routing it needs. */
interface ContentRouting {
  provide: (cid: CID, options: { signal: AbortSignal }) => Promise<void>
  cancelReprovide: (cid: CID) => Promise<void>
}

export interface FileAnnouncerComponents {
  node: {
    libp2p: {
      contentRouting: ContentRouting
      services: { dht: { routingTable: { readonly size: number } } }
    }
  }
  keeper: Pick<BootstrapKeeper, 'onConnected'>
  clock: Clock
  logger: Logger
  offers: Pick<OwnOffers, 'newest' | 'onChanged'>
}

export interface FileAnnouncerInit {
  namespace: string
  /** @default LIMITS.announcedFilesMax */
  filesMax?: number
  /** Between two announcements of one lane. @default 100 */
  paceMs?: number
}

/** Announcements that are on their way at the same time. */
const LANES = 2
const PACE_MS = 100
const PROVIDE_TIMEOUT_MS = 20_000
const RETRY_MS_MIN = 2_000
const RETRY_MS_MAX = 60_000
/** Choosing looks at every file; changes that come within it are chosen among together. */
const CHOOSE_MS = 500

export class FileAnnouncer implements Startable {
  readonly #components: FileAnnouncerComponents
  readonly #namespace: string
  readonly #filesMax: number
  readonly #paceMs: number
  readonly #controller = new AbortController()
  /** To be announced, in this order. */
  readonly #waiting = new Set<string>()
  /** On their way, or announced. */
  readonly #announced = new Set<string>()
  #laneCount = 0
  #failures = 0
  #isChoosing = false

  constructor(components: FileAnnouncerComponents, init: FileAnnouncerInit) {
    this.#components = components
    this.#namespace = init.namespace
    this.#filesMax = init.filesMax ?? LIMITS.announcedFilesMax
    this.#paceMs = init.paceMs ?? PACE_MS
  }

  /** How many files are announced. */
  get count(): number {
    return this.#announced.size
  }

  async start(): Promise<void> {
    const { keeper, offers } = this.#components
    offers.onChanged(() => void this.#chooseSoon())
    // One that was started anew has forgotten all, and what others remember may be true no more.
    keeper.onConnected(() => {
      this.#announced.clear()
      this.#failures = 0
      void this.#chooseSoon()
    })
    void this.#chooseSoon()
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    this.#waiting.clear()
  }

  async #chooseSoon(): Promise<void> {
    if (this.#isChoosing || this.#controller.signal.aborted) return
    this.#isChoosing = true
    const { clock } = this.#components
    await sleep(clock, CHOOSE_MS, { signal: this.#controller.signal }).catch(() => {})
    this.#isChoosing = false
    if (this.#controller.signal.aborted) return
    const chosen = this.#choose()
    this.#waiting.clear()
    for (const id of chosen) if (!this.#announced.has(id)) this.#waiting.add(id)
    for (const id of this.#announced) if (!chosen.has(id)) void this.#withdraw(id)
    while (this.#laneCount < Math.min(LANES, this.#waiting.size)) void this.#run()
  }

  #choose(): Set<string> {
    const shared = new Set<string>()
    const fetched: string[] = []
    for (const { id, isShared } of this.#components.offers.newest()) {
      if (shared.size >= this.#filesMax) break
      if (isShared) shared.add(id)
      else if (fetched.length < this.#filesMax) fetched.push(id)
    }
    return new Set([...shared, ...fetched].slice(0, this.#filesMax))
  }

  /** One lane: until nothing waits. */
  async #run(): Promise<void> {
    this.#laneCount += 1
    const { clock } = this.#components
    const { signal } = this.#controller
    while (this.#waiting.size > 0 && !signal.aborted) {
      // The pace is what this loop is for.
      /* oxlint-disable no-await-in-loop */
      const isDone = await this.#announceNext()
      if (isDone) this.#failures = 0
      else this.#failures += 1
      const retryMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (this.#failures - 1))
      await sleep(clock, isDone ? this.#paceMs : retryMs, { signal }).catch(() => {})
      /* oxlint-enable no-await-in-loop */
    }
    this.#laneCount -= 1
  }

  async #announceNext(): Promise<boolean> {
    const [id] = this.#waiting
    const { logger, node } = this.#components
    if (id === undefined) return true
    // Nobody is there who would keep it, and libp2p would not say so.
    if (node.libp2p.services.dht.routingTable.size === 0) return false
    this.#waiting.delete(id)
    this.#announced.add(id)
    const limit = AbortSignal.timeout(PROVIDE_TIMEOUT_MS)
    const signal = AbortSignal.any([this.#controller.signal, limit])
    try {
      await node.libp2p.contentRouting.provide(await this.#cid(id), { signal })
      return true
    } catch (cause) {
      if (this.#announced.delete(id)) this.#waiting.add(id)
      logger.debug({ fileId: id, err: cause }, 'a file is not announced in the DHT, trying on')
      return false
    } finally {
      // Withdrawn while it was on its way.
      if (!this.#announced.has(id)) await this.#cancel(id)
    }
  }

  /** Others keep the record for a while; it is not repeated. */
  async #withdraw(id: string): Promise<void> {
    this.#announced.delete(id)
    await this.#cancel(id)
  }

  async #cancel(id: string): Promise<void> {
    const { logger, node } = this.#components
    try {
      await node.libp2p.contentRouting.cancelReprovide(await this.#cid(id))
    } catch (cause) {
      logger.debug({ fileId: id, err: cause }, 'an announcement is not taken back')
    }
  }

  async #cid(id: string): Promise<CID> {
    return await keyCid(fileKey(this.#namespace, id))
  }
}
