/** Nodes that give and fetch files: real libraries, real streams, a search that the test itself answers. */
import { seededRandom } from '../../src/core/random.ts'
import { createLogger, silentLogger } from '../../src/observe/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { writeHashPage } from '../../src/files/content/manifest.ts'
import { Download } from '../../src/files/transfer/download.ts'
import { PieceClient } from '../../src/files/exchange/piece-client.ts'
import { PieceServer } from '../../src/files/exchange/piece-server.ts'
import { RateLimit } from '../../src/files/exchange/rate-limit.ts'
import { PIECES_PROTOCOL_V1 } from '../../src/protocol/ids.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { DownloadInit } from '../../src/files/transfer/download.ts'
import type { FileLibrary } from '../../src/files/store/library.ts'
import type { FileManifest } from '../../src/files/content/manifest.ts'
import type { Logger } from '../../src/observe/logger.ts'
import type { PeerLink } from '../../src/protocol/peer-link.ts'
import type { MeshNode } from '../../src/network/mesh-node.ts'
import type {
  PieceServerComponents,
  PieceServerInit
} from '../../src/files/exchange/piece-server.ts'
import type { PieceSources, SourceNews } from '../../src/files/transfer/piece-sources.ts'

/** Pages of a manifest are short here, so that there are several. */
const PAGE_HASHES = 100

export async function startPieceServer(
  link: PieceServerComponents['link'],
  library: PieceServerComponents['library'],
  { clock = systemClock, ...init }: PieceServerInit & { clock?: Clock } = {}
): Promise<PieceServer> {
  const shared = { clock, logger: silentLogger, agent: 'test' }
  const server = new PieceServer({ ...shared, link, library }, init)
  await server.start()
  return server
}

/** Who has what, as the test says it; what is said later is found later. */
export class KnownSources implements PieceSources {
  readonly #link: Pick<MeshNode, 'openStream'>
  readonly #manifests: (peer: string) => { manifest: FileManifest; name: string } | undefined
  readonly #news: SourceNews[] = []
  #wake: (() => void) | undefined
  /** Requests for manifests, by peer. */
  readonly asked: string[] = []

  constructor(
    link: Pick<MeshNode, 'openStream'>,
    manifests: (peer: string) => { manifest: FileManifest; name: string } | undefined
  ) {
    this.#link = link
    this.#manifests = manifests
  }

  say(kind: SourceNews['kind'], ...peers: string[]): void {
    this.#news.push(...peers.map((peer) => ({ kind, peer })))
    this.#wake?.()
  }

  async *find(_fileId: string, { signal }: { signal?: AbortSignal }): AsyncGenerator<SourceNews> {
    signal?.addEventListener('abort', () => this.#wake?.())
    const isWanted = (): boolean => signal?.aborted !== true
    for (let told = 0; isWanted();) {
      const news = this.#news[told]
      if (news !== undefined) {
        told += 1
        yield news
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  openStream(peer: string, options: { signal?: AbortSignal }): ReturnType<MeshNode['openStream']> {
    return this.#link.openStream(peer, PIECES_PROTOCOL_V1, options)
  }

  askManifest: PieceSources['askManifest'] = async (peer, { fromPiece }) => {
    this.asked.push(peer)
    const known = this.#manifests(peer)
    if (known === undefined) throw new Error('it does not answer')
    const { id, plan } = known.manifest
    return {
      head: { id, sizeBytes: plan.sizeBytes, pieceBytes: plan.pieceBytes },
      name: known.name,
      page: writeHashPage(known.manifest, fromPiece, PAGE_HASHES)
    }
  }
}

export interface FetcherInit {
  clock?: Clock
  limitRateDown?: number
  onVerified?: (fileId: string, piece: number) => void
  hasWaitingCalls?: (peer: string) => boolean
  /** @default no peer is ever reached otherwise than at first */
  onDirect?: PeerLink['onDirect']
}

/** The asking side of a node. */
export class Fetcher {
  readonly client: PieceClient
  readonly limit: RateLimit
  readonly misbehaved: { peer: string; reason: string }[] = []
  readonly #library: FileLibrary
  readonly #sources: PieceSources
  readonly #init: FetcherInit
  readonly #logger: Logger =
    process.env['PIECE_LOG'] === undefined ? silentLogger : createLogger({ format: 'json' })

  constructor(library: FileLibrary, sources: PieceSources, init: FetcherInit = {}) {
    const { clock = systemClock } = init
    this.#library = library
    this.#sources = sources
    this.#init = init
    const { onDirect = () => () => {} } = init
    this.limit = new RateLimit(clock, init.limitRateDown)
    this.client = new PieceClient({
      clock,
      agent: 'test',
      link: { complain: () => {}, noteTransfer: () => {}, onDirect },
      openStream: (peer, options) => sources.openStream(peer, options)
    })
  }

  download(fileId: string, init: DownloadInit = {}): Download {
    const { clock = systemClock, hasWaitingCalls = () => false, onVerified = () => {} } = this.#init
    return new Download(
      {
        clock,
        hasWaitingCalls,
        onVerified,
        random: seededRandom(7),
        client: this.client,
        library: this.#library,
        limit: this.limit,
        logger: this.#logger,
        sources: this.#sources,
        onMisbehaviour: (peer, reason) => this.misbehaved.push({ peer, reason })
      },
      fileId,
      init
    )
  }
}
