/**
 * Looks for the peers that have a file, for as long as somebody wants it: in the catalogue where this node is a
 * router, in the DHT under the file's own key, and by asking the routers that it is connected with.
 */
import { HolderNews } from './holder-news.ts'
import { RouterAsker } from './router-asker.ts'
import { fileKey } from '../protocol/ids.ts'
import { keyCid } from './key-cid.ts'
import { sleep } from '../core/abort.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { FileCatalogue } from './file-catalogue.ts'
import type { FileHolderNews } from './holder-news.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { SessionService } from '../protocol/session-service.ts'

export type { FileHolderNews }

export interface FileFinderComponents {
  node: MeshNode
  sessions: Pick<SessionService, 'open'>
  clock: Clock
  logger: Logger
  /** Of a router: it asks no others, as they follow the same nodes. */
  catalogue?: FileCatalogue | undefined
}

export interface FileFinderInit {
  namespace: string
  /** Between two look-ups. @default 10000 */
  pauseMs?: number
}

const LOOKUP_TIMEOUT_MS = 15_000
const PAUSE_MS = 10_000

export class FileFinder {
  readonly #components: FileFinderComponents
  readonly #namespace: string
  readonly #pauseMs: number
  readonly #routers: RouterAsker

  constructor(components: FileFinderComponents, { namespace, pauseMs }: FileFinderInit) {
    this.#components = components
    this.#namespace = namespace
    this.#pauseMs = pauseMs ?? PAUSE_MS
    this.#routers = new RouterAsker(components, { namespace })
  }

  /** Until the signal. Never throws. */
  async *find(fileId: string, options: AbortOptions): AsyncGenerator<FileHolderNews> {
    const controller = new AbortController()
    const signal =
      options.signal === undefined
        ? controller.signal
        : AbortSignal.any([controller.signal, options.signal])
    const news = new HolderNews()
    const { catalogue } = this.#components
    void this.#again(signal, () => this.#lookUp(fileId, news, signal))
    if (catalogue === undefined) {
      void this.#again(signal, () => this.#routers.ask(fileId, news, signal))
    } else this.#watch(catalogue, { fileId, news, signal })
    try {
      yield* news.until({ signal })
    } finally {
      controller.abort()
    }
  }

  async #again(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await work()
      // oxlint-disable-next-line no-await-in-loop
      await sleep(this.#components.clock, this.#pauseMs, { signal }).catch(() => {})
    }
  }

  async #lookUp(fileId: string, news: HolderNews, signal: AbortSignal): Promise<void> {
    const { logger, node } = this.#components
    const cid = await keyCid(fileKey(this.#namespace, fileId))
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)])
    try {
      const providers = node.libp2p.contentRouting.findProviders(cid, { signal: inTime })
      for await (const { id, multiaddrs } of providers) {
        const peer = id.toString()
        if (peer === node.selfPeer) continue
        await node.learnAddresses(peer, multiaddrs.map(String))
        news.named(peer)
      }
    } catch (cause) {
      if (!signal.aborted)
        logger.debug({ fileId, err: cause }, 'look-up of a file in the DHT failed')
    }
  }

  #watch(
    catalogue: FileCatalogue,
    { fileId, news, signal }: { fileId: string; news: HolderNews; signal: AbortSignal }
  ): void {
    const { selfPeer } = this.#components.node
    const tell = (changed: string): void => {
      if (changed !== fileId) return
      const peers = catalogue.holders(fileId).map(({ peer }) => peer)
      news.listed(
        selfPeer,
        peers.filter((peer) => peer !== selfPeer)
      )
    }
    tell(fileId)
    catalogue.events.on('appeared', tell)
    catalogue.events.on('lost', tell)
    signal.addEventListener(
      'abort',
      () => {
        catalogue.events.off('appeared', tell)
        catalogue.events.off('lost', tell)
      },
      { once: true }
    )
  }
}
