/**
 * Fetches one file, from its id to the whole file in the library: finds peers, has its manifest from one of
 * them, its pieces from all of them, and goes on from what an earlier run has verified.
 */
import { deferred } from '../../core/abort.ts'
import { messageOf } from '../../core/errors.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import { Candidates } from './candidates.ts'
import { fetchManifest } from './manifest-fetch.ts'
import { PiecePicker } from './piece-picker.ts'
import { Shares } from './shares.ts'
import { SWARM_DEFAULTS, Swarm } from './swarm.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { FetchedManifest } from './manifest-fetch.ts'
import type { FileEntry } from '../store/file-index.ts'
import type { FileLibrary } from '../store/library.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PartFile } from '../store/part-file.ts'
import type { PeerShare } from './shares.ts'
import type { PieceClient } from '../exchange/piece-client.ts'
import type { PieceOrder } from './piece-picker.ts'
import type { PiecePlan } from '../content/piece-plan.ts'
import type { PieceSources } from './piece-sources.ts'
import type { Random } from '../../core/random.ts'
import type { RateLimit } from '../exchange/rate-limit.ts'

export interface DownloadComponents {
  clock: Clock
  random: Random
  logger: Logger
  library: Pick<FileLibrary, 'get' | 'manifest' | 'openPart' | 'readPiece'>
  client: PieceClient
  sources: PieceSources
  /** Of what comes in, over all downloads. */
  limit: RateLimit
  /** Somebody waits for answers of that peer: pieces then leave them room. */
  hasWaitingCalls: (peer: string) => boolean
  /** A piece is here and can be given. */
  onVerified: (fileId: string, piece: number, bytes: number) => void
  /** A peer has lied. It is not asked again for this file; what else follows is others' business. */
  onMisbehaviour: (peer: string, reason: string) => void
}

export interface DownloadInit {
  /** What the file is to be called. @default its name where its manifest came from */
  name?: string | undefined
  /** @default 'rarest' */
  order?: PieceOrder
  /** @default LIMITS.downloadPeersMax */
  peersMax?: number
  /** A peer that gives nothing for so long is dropped. @default 20000 */
  stallMs?: number
  /** When nobody has offered anything of use for so long, it fails. @default 60000 */
  sourceTimeoutMs?: number
}

export interface DownloadProgress {
  fileId: string
  /** Verified, by earlier runs as well. */
  bytes: number
  /** Undefined before the manifest is here. */
  sizeBytes: number | undefined
  bytesPerSecond: number
  /** Undefined while nobody can tell. */
  etaMs: number | undefined
  peers: PeerShare[]
}

export class Download {
  readonly fileId: string
  readonly #components: DownloadComponents
  readonly #init: DownloadInit
  readonly #candidates: Candidates
  readonly #shares: Shares
  readonly #manifest = deferred<PiecePlan>()
  readonly #finished = deferred<void>()
  /** By piece: who waits for it. */
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>()
  #plan: PiecePlan | undefined
  #picker: PiecePicker | undefined
  #swarm: Swarm | undefined
  #isWhole = false

  constructor(components: DownloadComponents, fileId: string, init: DownloadInit = {}) {
    this.fileId = fileId
    this.#components = components
    this.#init = init
    this.#candidates = new Candidates(components.clock)
    this.#shares = new Shares(components.clock.monotonicMs())
    this.#manifest.promise.catch(() => {})
    this.#finished.promise.catch(() => {})
  }

  /** The way in which the file is cut, once it is known; rejects if the download fails before. */
  get plan(): Promise<PiecePlan> {
    return this.#manifest.promise
  }

  /** Settles as `run` does. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  /**
   * Fetches it. To be called once.
   * @throws MeshError FILE_UNAVAILABLE where nobody has what is missing; FILE_BUSY; STORE_FULL or
   * STORE_FAILED; or the signal's reason. What has come is kept
   */
  async run(options: AbortOptions = {}): Promise<FileEntry> {
    const controller = new AbortController()
    const { signal } = controller
    const onAbort = (): void => controller.abort(options.signal?.reason)
    if (options.signal?.aborted === true) onAbort()
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const beganAtMs = this.#components.clock.monotonicMs()
    try {
      const entry = await this.#run(signal)
      this.#end('a file has come', beganAtMs)
      this.#finished.resolve()
      return entry
    } catch (cause) {
      this.#end('a file has not come', beganAtMs, cause)
      this.#manifest.reject(cause)
      this.#finished.reject(cause)
      for (const { reject } of this.#waiting.values()) reject(cause)
      throw cause
    } finally {
      options.signal?.removeEventListener('abort', onAbort)
      // The search ends with it.
      controller.abort()
    }
  }

  /** Resolves when a piece is here. @throws as `run` */
  async whenHere(piece: number): Promise<void> {
    if (this.#isWhole || this.#picker?.verified.has(piece) === true) return
    const waiting = this.#waiting.get(piece) ?? deferred<void>()
    this.#waiting.set(piece, waiting)
    await Promise.race([waiting.promise, this.finished])
  }

  progress(): DownloadProgress {
    const { bytesPerSecond } = this.#shares
    const bytes = this.#verifiedBytes()
    const sizeBytes = this.#plan?.sizeBytes
    const canTell = sizeBytes !== undefined && bytesPerSecond > 0
    return {
      fileId: this.fileId,
      bytes,
      sizeBytes,
      bytesPerSecond: Math.round(bytesPerSecond),
      etaMs: canTell ? Math.round(((sizeBytes - bytes) * 1_000) / bytesPerSecond) : undefined,
      peers: this.#shares.list()
    }
  }

  async #run(signal: AbortSignal): Promise<FileEntry> {
    const { library } = this.#components
    signal.throwIfAborted()
    const known = library.get(this.fileId)
    if (known?.isComplete === true) return this.#onWhole(known)
    void this.#find(signal)
    const { manifest, name } = await this.#fetchManifest(signal)
    const part = await library.openPart({ manifest, name: this.#init.name ?? name })
    if (part !== undefined) await this.#fill(part, signal)
    return this.#onWhole(library.get(this.fileId) as FileEntry)
  }

  async #fill(part: PartFile, signal: AbortSignal): Promise<void> {
    try {
      await this.#fetchPieces(part, signal)
    } catch (cause) {
      // Why it failed is worth more than that it could not be written down as well.
      await part.close().catch(() => {})
      throw cause
    }
    await part.finish()
  }

  #onWhole(entry: FileEntry): FileEntry {
    this.#isWhole = true
    const { pieceBytes, sizeBytes } = entry
    this.#plan = { sizeBytes, pieceBytes, count: Math.ceil(sizeBytes / pieceBytes) }
    this.#manifest.resolve(this.#plan)
    return entry
  }

  async #fetchManifest(signal: AbortSignal): Promise<FetchedManifest> {
    const { clock, library, sources } = this.#components
    const kept = library.manifest(this.fileId)
    const name = library.get(this.fileId)?.name
    if (kept !== undefined && name !== undefined) return { manifest: kept, name }
    const { sourceTimeoutMs: timeoutMs = SWARM_DEFAULTS.sourceTimeoutMs } = this.#init
    const onMisbehaviour = (peer: string, reason: string): void => {
      this.#shares.note(peer, { state: 'banned', reason })
      this.#onMisbehaviour(peer, reason)
    }
    return await fetchManifest(
      { clock, sources, candidates: this.#candidates, onMisbehaviour },
      this.fileId,
      { signal, timeoutMs }
    )
  }

  async #fetchPieces(part: PartFile, signal: AbortSignal): Promise<void> {
    const { client, clock, hasWaitingCalls, limit, random } = this.#components
    const { order = 'rarest' } = this.#init
    const { plan } = part.manifest
    const picker = new PiecePicker(random, { count: plan.count, order, verified: part.verified })
    this.#plan = plan
    this.#picker = picker
    this.#manifest.resolve(plan)
    for (const piece of this.#waiting.keys()) if (picker.verified.has(piece)) this.#tell(piece)
    this.#swarm = new Swarm(
      {
        client,
        clock,
        hasWaitingCalls,
        limit,
        part,
        picker,
        candidates: this.#candidates,
        shares: this.#shares,
        onMisbehaviour: (peer, reason) => this.#onMisbehaviour(peer, reason),
        onVerified: (piece, bytes) => this.#onVerified(piece, bytes)
      },
      { ...SWARM_DEFAULTS, ...this.#init, isInOrder: order === 'sequential' }
    )
    await this.#swarm.run(signal)
  }

  /** Until the signal. Never rejects. */
  async #find(signal: AbortSignal): Promise<void> {
    const { client, logger, sources } = this.#components
    try {
      for await (const { kind, peer } of sources.find(this.fileId, { signal })) {
        if (kind === 'vanished') {
          this.#swarm?.remove(peer)
          this.#candidates.remove(peer)
        } else if (this.#candidates.add(peer)) {
          // While the manifest is on its way, so is the stream.
          if (this.#swarm !== undefined) this.#swarm.connect()
          else if (this.#candidates.count <= WARM_MAX) void client.open(peer).catch(() => {})
        }
      }
    } catch (cause) {
      if (signal.aborted) return
      logger.warn({ fileId: this.fileId, reason: messageOf(cause) }, 'the search has failed')
    }
  }

  #onVerified(piece: number, bytes: number): void {
    this.#components.onVerified(this.fileId, piece, bytes)
    this.#tell(piece)
  }

  #tell(piece: number): void {
    this.#waiting.get(piece)?.resolve()
    this.#waiting.delete(piece)
  }

  #onMisbehaviour(peer: string, reason: string): void {
    this.#components.logger.warn({ fileId: this.fileId, peer, reason }, 'a peer has lied')
    this.#components.onMisbehaviour(peer, reason)
  }

  #verifiedBytes(): number {
    const plan = this.#plan
    if (plan === undefined) return 0
    if (this.#isWhole) return plan.sizeBytes
    const verified = this.#picker?.verified
    if (verified === undefined || plan.count === 0) return 0
    const missesLast = !verified.has(plan.count - 1)
    const lastBytes = pieceSpan(plan, plan.count - 1).bytes
    return verified.size * plan.pieceBytes - (missesLast ? 0 : plan.pieceBytes - lastBytes)
  }

  /** One line that says who gave what. */
  #end(message: string, beganAtMs: number, cause?: unknown): void {
    const { clock, logger } = this.#components
    const { bytes, peers, sizeBytes } = this.progress()
    const ms = Math.round(clock.monotonicMs() - beganAtMs)
    const fields = {
      fileId: this.fileId,
      sizeBytes,
      bytes,
      ms,
      peers: peers.slice(0, PEERS_LOGGED)
    }
    if (cause === undefined) logger.info(fields, message)
    else logger.warn({ ...fields, reason: messageOf(cause) }, message)
  }
}

/** Streams that are opened while the manifest is on its way. */
const WARM_MAX = 4
/** Those who gave most. */
const PEERS_LOGGED = 20
