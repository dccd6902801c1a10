/**
 * The files of one node at work: what is here is given to all who ask, what is wanted is fetched from all who
 * have it, once, however many want it.
 */
import { MeshError } from '../../core/errors.ts'
import { PieceClient } from '../exchange/piece-client.ts'
import { PieceServer } from '../exchange/piece-server.ts'
import { RateLimit } from '../exchange/rate-limit.ts'
import { SharedDownload } from './shared-download.ts'
import { ShunnedPeers } from './shunned-peers.ts'
import { sleep } from '../../core/abort.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { Download, DownloadInit, DownloadProgress } from '../transfer/download.ts'
import type { FileEntry } from '../store/file-index.ts'
import type { FileLibrary } from '../store/library.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PeerLink } from '../../protocol/peer-link.ts'
import type { PieceServerCounts } from '../exchange/piece-server.ts'
import type { PieceSources, SourceNews } from '../transfer/piece-sources.ts'
import type { Random } from '../../core/random.ts'
import type { Readings } from '../../observe/readings.ts'
import type { Startable } from '../../core/startable.ts'

export interface FileServiceComponents {
  clock: Clock
  random: Random
  logger: Logger
  link: Pick<
    PeerLink,
    'complain' | 'handle' | 'isRelayed' | 'noteTransfer' | 'onDirect' | 'unhandle'
  >
  library: FileLibrary
  sources: PieceSources
  /** Somebody waits for answers of that peer: pieces then leave them room. */
  hasWaitingCalls: (peer: string) => boolean
  /** A peer gave what is not what it said. It is not asked again for a while; what else follows is others' business. */
  onMisbehaviour: (peer: string, reason: string) => void
  /** Program and version. */
  agent: string
}

export interface FileServiceInit {
  /** Bytes a second, over all peers. @default no limit */
  limitRateUp?: number | undefined
  limitRateDown?: number | undefined
}

export interface FetchInit extends DownloadInit {
  /** Peers that are said to have it; their addresses are known. */
  peers?: readonly string[]
}

/** A small file is here by then, and nobody had to be searched for. */
const NAMED_FIRST_MS = 1_000

export class FileService implements Startable {
  readonly #components: FileServiceComponents
  readonly #server: PieceServer
  readonly #client: PieceClient
  readonly #limitDown: RateLimit
  readonly #shunned: ShunnedPeers
  /** By file id. */
  readonly #downloads = new Map<string, SharedDownload>()
  /** Of all time, from others, and it fitted. */
  readonly #fetched = { pieces: 0, bytes: 0 }
  #stopReason: MeshError | undefined

  constructor(components: FileServiceComponents, init: FileServiceInit = {}) {
    const { clock, sources } = components
    const { limitRateDown, limitRateUp } = init
    this.#components = components
    this.#limitDown = new RateLimit(clock, limitRateDown)
    this.#shunned = new ShunnedPeers(clock)
    this.#server = new PieceServer(components, limitRateUp === undefined ? {} : { limitRateUp })
    this.#client = new PieceClient({
      ...components,
      openStream: (peer, options) => sources.openStream(peer, options)
    })
  }

  get library(): FileLibrary {
    return this.#components.library
  }

  async start(): Promise<void> {
    await this.#server.start()
  }

  async stop(): Promise<void> {
    const reason = new MeshError('STOPPING', 'this node is stopping')
    this.#stopReason = reason
    await Promise.all([...this.#downloads.values()].map((download) => download.stop(reason)))
    await this.#client.stop()
    await this.#server.stop()
  }

  /**
   * Brings a whole file here, and no sooner than that resolves. Several who want the same file share one
   * download: it goes on for as long as one of them waits, in the way that the first one asked for.
   * @throws MeshError as `Download.run`; STOPPING; the signal's reason
   */
  async fetch(id: string, init: FetchInit = {}, options: AbortOptions = {}): Promise<FileEntry> {
    if (this.#stopReason !== undefined) throw this.#stopReason
    const known = this.library.get(id)
    if (known?.isComplete === true) return known
    return await this.#shared(id, init).join(options)
  }

  /** The download of a file that is being fetched. */
  download(id: string): Download | undefined {
    return this.#downloads.get(id)?.download
  }

  /** Of all that is being fetched now. */
  progress(): DownloadProgress[] {
    return [...this.#downloads.values()].map(({ download }) => download.progress())
  }

  counts(): PieceServerCounts {
    return this.#server.counts()
  }

  /** Bytes of pieces since the start. */
  moved(): { received: number; sent: number } {
    return { received: this.#fetched.bytes, sent: this.#server.counts().givenBytes }
  }

  readings(): Readings {
    const { givenBytes, streams, waiting } = this.counts()
    return {
      taskmesh_file_downloads: this.#downloads.size,
      taskmesh_file_fetched_pieces_total: this.#fetched.pieces,
      taskmesh_file_fetched_bytes_total: this.#fetched.bytes,
      taskmesh_file_given_bytes_total: givenBytes,
      taskmesh_file_upload_streams: streams,
      taskmesh_file_upload_waiting: waiting
    }
  }

  #shared(id: string, { peers = [], ...init }: FetchInit): SharedDownload {
    const running = this.#downloads.get(id)
    if (running?.isGivenUp === false) return running
    const { onMisbehaviour } = this.#components
    const parts = {
      ...this.#components,
      client: this.#client,
      limit: this.#limitDown,
      sources: this.#sourcesWith(peers),
      onMisbehaviour: (peer: string, reason: string) => {
        this.#shunned.note(peer)
        onMisbehaviour(peer, reason)
      },
      onVerified: (fileId: string, piece: number, bytes: number) => {
        this.#fetched.pieces += 1
        this.#fetched.bytes += bytes
        this.#server.noteHas(fileId, piece)
      }
    }
    const shared: SharedDownload = new SharedDownload(parts, id, {
      ...init,
      after: running?.over(),
      onEnded: () => {
        if (this.#downloads.get(id) === shared) this.#downloads.delete(id)
      }
    })
    this.#downloads.set(id, shared)
    return shared
  }

  /** Those who are known to have it come first, and those who lied lately not at all. */
  #sourcesWith(peers: readonly string[]): PieceSources {
    const { clock, sources } = this.#components
    const shunned = this.#shunned
    return {
      openStream: (peer, options) => sources.openStream(peer, options),
      askManifest: (peer, request, options) => sources.askManifest(peer, request, options),
      async *find(fileId, options): AsyncGenerator<SourceNews> {
        const named = peers.filter((peer) => !shunned.has(peer))
        for (const peer of named) yield { kind: 'appeared', peer }
        if (named.length > 0) await sleep(clock, NAMED_FIRST_MS, options)
        for await (const news of sources.find(fileId, options)) {
          if (news.kind === 'vanished' || !shunned.has(news.peer)) yield news
        }
      }
    }
  }
}
