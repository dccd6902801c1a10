/**
 * Keeps the catalogue true: follows the lists of files of this router itself, of the workers that the directory
 * has, and of further nodes that gossip or the DHT name. A node that is lost for a while is forgotten with all
 * that it had.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { OfferReader } from './offer-reader.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { FileCatalogue } from './file-catalogue.ts'
import type { FilePresence } from '../model/generated/file-presence.ts'
import type { ListFilesParams, ListFilesResult } from '../model/generated/commands-list-files.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { NodeChange } from './node-news.ts'
import type { Random } from '../core/random.ts'
import type { Session } from '../protocol/session.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Startable } from '../core/startable.ts'

export interface FileFollowerComponents {
  node: Pick<MeshNode, 'learnAddresses' | 'selfPeer'>
  sessions: Pick<SessionService, 'listen' | 'open'>
  clock: Clock
  random: Random
  logger: Logger
  catalogue: FileCatalogue
}

export interface FileFollowerInit {
  namespace: string
  /** A list is read anew so often, even if nobody says that it has changed; jittered by a third. @default 60000 */
  rereadMs?: number
  /** Nodes that are no workers. @default LIMITS.fileNodesMax */
  nodesMax?: number
}

/** A node whose list is followed. */
interface Followed {
  readonly peer: string
  readonly reader: OfferReader
  /** Named by the directory, which has a bound of its own. */
  readonly isWorker: boolean
  /** It is of this namespace: its signature says so, or itself. */
  isProven: boolean
  wasRead: boolean
  readAtMs: number
  isReading: boolean
  wantsReading: boolean
  failures: number
  lostSinceMs: number | undefined
  cancel: CancelTimer
}

/** Some MiB each at most, while it is read. */
const READS_MAX = 8
/** Then others have their turn. */
const PAGES_PER_TURN = 32
const PAUSE_MS = 100
/** Nor does one that answers slowly keep others from being read. */
const TURN_MS_MAX = 5_000
const ANSWER_TIMEOUT_MS = 10_000
/** As the directory forgets a worker. */
const FORGET_MS = 25_000
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 8_000
const REREAD_MS = 60_000
/** For each list that is followed all are read so much less often: fifty a second at most. */
const REREAD_EACH_MS = 20

export class FileFollower implements Startable {
  readonly #components: FileFollowerComponents
  readonly #namespace: string
  readonly #rereadMs: number
  readonly #nodesMax: number
  readonly #followed = new Map<string, Followed>()
  readonly #waiting = new Set<Followed>()
  readonly #controller = new AbortController()
  #readingCount = 0
  /** Of those that are no workers. */
  #nodeCount = 0

  constructor(components: FileFollowerComponents, init: FileFollowerInit) {
    this.#components = components
    this.#namespace = init.namespace
    this.#rereadMs = init.rereadMs ?? REREAD_MS
    this.#nodesMax = init.nodesMax ?? LIMITS.fileNodesMax
  }

  async start(): Promise<void> {
    this.#components.sessions.listen({ onClosed: (peer) => this.#onClosed(peer) })
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    this.#waiting.clear()
    for (const { cancel } of this.#followed.values()) cancel()
  }

  /** How long ago a node last said what it has. */
  ageMs(peer: string): number {
    if (peer === this.#components.node.selfPeer) return 0
    const readAtMs = this.#followed.get(peer)?.readAtMs ?? -Infinity
    return this.#components.clock.monotonicMs() - readAtMs
  }

  /** A worker of the directory has come, changed, or is lost. */
  onWorker({ availability, peer, type }: NodeChange): void {
    const entry = this.#followed.get(peer)
    if (type === 'node:left') {
      if (entry !== undefined) this.#forget(entry)
    } else if (availability === 'unreachable') {
      if (entry !== undefined) this.#onLost(entry)
    } else if (entry === undefined || entry.lostSinceMs !== undefined) {
      const worker = entry ?? this.#follow(peer, { isWorker: true, isProven: true })
      if (worker !== undefined) this.#readSoon(worker)
    }
  }

  /** A node says of itself that it has files. */
  onPresence({ addresses, peer_id: peer, revision, run }: FilePresence): void {
    const known = this.#followed.get(peer)
    if (known?.isProven === true && known.wasRead && known.reader.isAt({ run, revision })) return
    const entry = known ?? this.#follow(peer, { isWorker: false, isProven: true })
    if (entry === undefined) return
    entry.isProven = true
    void this.#introduce(entry, addresses)
  }

  /** Somebody says of a node that it has files. */
  onFound(peer: string, addresses: readonly string[]): void {
    if (this.#followed.has(peer)) return
    const entry = this.#follow(peer, { isWorker: false, isProven: false })
    if (entry !== undefined) void this.#introduce(entry, addresses)
  }

  #follow(peer: string, about: Pick<Followed, 'isProven' | 'isWorker'>): Followed | undefined {
    const { catalogue, node } = this.#components
    if (peer === node.selfPeer || this.#controller.signal.aborted) return undefined
    if (!about.isWorker) {
      if (this.#nodeCount >= this.#nodesMax && !this.#makeRoom()) return undefined
      this.#nodeCount += 1
    }
    const entry: Followed = {
      ...about,
      peer,
      reader: new OfferReader(catalogue, peer),
      wasRead: false,
      readAtMs: -Infinity,
      isReading: false,
      wantsReading: false,
      failures: 0,
      lostSinceMs: undefined,
      cancel: () => {}
    }
    this.#followed.set(peer, entry)
    return entry
  }

  /** A node that was never read gives way, or one that is lost, or that has no files: names cost nothing. */
  #makeRoom(): boolean {
    const { catalogue } = this.#components
    let idle: Followed | undefined
    for (const entry of this.#followed.values()) {
      if (entry.isWorker || entry.isReading) continue
      const isMissed = entry.wasRead && entry.lostSinceMs === undefined
      if (isMissed && catalogue.filesOf(entry.peer).size > 0) continue
      idle = entry
      if (!isMissed) break
    }
    if (idle !== undefined) this.#forget(idle)
    return idle !== undefined
  }

  #forget(entry: Followed): void {
    if (this.#followed.get(entry.peer) !== entry) return
    entry.cancel()
    this.#waiting.delete(entry)
    this.#followed.delete(entry.peer)
    if (!entry.isWorker) this.#nodeCount -= 1
    this.#components.catalogue.forget(entry.peer)
  }

  async #introduce(entry: Followed, addresses: readonly string[]): Promise<void> {
    const { logger, node } = this.#components
    await node.learnAddresses(entry.peer, addresses).catch((cause: unknown) => {
      logger.debug(
        { peer: entry.peer, err: cause },
        'addresses of a node with files not understood'
      )
    })
    this.#readSoon(entry)
  }

  #readSoon(entry: Followed): void {
    if (this.#followed.get(entry.peer) !== entry || this.#controller.signal.aborted) return
    entry.cancel()
    if (entry.isReading) entry.wantsReading = true
    else this.#waiting.add(entry)
    this.#pump()
  }

  #pump(): void {
    for (const entry of this.#waiting) {
      if (this.#readingCount >= READS_MAX) return
      this.#waiting.delete(entry)
      void this.#readOne(entry)
    }
  }

  async #readOne(entry: Followed): Promise<void> {
    this.#readingCount += 1
    entry.isReading = true
    entry.wantsReading = false
    try {
      const hasMore = await this.#read(entry)
      this.#onRead(entry, hasMore)
    } catch (cause) {
      entry.wantsReading = false
      this.#onFailed(entry, MeshError.from(cause))
    } finally {
      this.#readingCount -= 1
      entry.isReading = false
      if (entry.wantsReading) this.#readSoon(entry)
      this.#pump()
    }
  }

  /** @returns whether there is more to read */
  async #read(entry: Followed): Promise<boolean> {
    const { signal } = this.#controller
    const endsAtMs = this.#components.clock.monotonicMs() + TURN_MS_MAX
    const { sessions } = this.#components
    if (!entry.isProven) await this.#prove(entry, await sessions.open(entry.peer, { signal }))
    for (let count = 0; count < PAGES_PER_TURN; count += 1) {
      const params: ListFilesParams = entry.reader.params
      // Each page says where the next begins; the session may move to a better way in between.
      /* oxlint-disable no-await-in-loop */
      const session = await sessions.open(entry.peer, { signal })
      const page = await ask(session, params, signal)
      /* oxlint-enable no-await-in-loop */
      // It may have been forgotten meanwhile, and what it has with it.
      if (this.#followed.get(entry.peer) !== entry) return false
      if (!entry.reader.take(page)) return false
      if (this.#components.clock.monotonicMs() >= endsAtMs) return true
    }
    return true
  }

  /** Of one that the DHT names, only its own word counts. @throws MeshError RESPONSE_INVALID */
  async #prove(entry: Followed, session: Session): Promise<void> {
    const answer = await session.request(
      { command: 'GET_CAPABILITIES', params: {} },
      { signal: this.#controller.signal, timeoutMs: ANSWER_TIMEOUT_MS }
    )
    if (answer.error !== undefined) throw answer.error
    const { namespace } = COMMANDS.GET_CAPABILITIES.checkResult(answer.result)
    if (namespace !== this.#namespace) {
      throw new MeshError('RESPONSE_INVALID', `it is a node of namespace ${namespace}`)
    }
    entry.isProven = true
  }

  #onRead(entry: Followed, hasMore: boolean): void {
    if (this.#followed.get(entry.peer) !== entry) return
    const { clock, random } = this.#components
    entry.wasRead = true
    entry.readAtMs = clock.monotonicMs()
    entry.failures = 0
    entry.lostSinceMs = undefined
    entry.cancel()
    const periodMs = Math.max(this.#rereadMs, this.#followed.size * REREAD_EACH_MS)
    const rereadMs = periodMs * (2 / 3 + (2 / 3) * random.next())
    const delayMs = hasMore ? PAUSE_MS : rereadMs
    entry.cancel = clock.after(delayMs, () => this.#readSoon(entry))
  }

  #onFailed(entry: Followed, error: MeshError): void {
    if (this.#controller.signal.aborted) return
    const { logger } = this.#components
    logger.debug(
      { peer: entry.peer, code: error.code, why: error.message },
      'list of files not read'
    )
    // What was never here is not missed; whoever names it again has it tried again.
    const isCutOff = error.blame === 'network' && error.code !== 'RESPONSE_INVALID'
    if (entry.wasRead && isCutOff) this.#onLost(entry)
    else this.#forget(entry)
  }

  #onClosed(peer: string): void {
    const entry = this.#followed.get(peer)
    // What is being read fails by itself.
    if (entry !== undefined && !entry.isReading) this.#onLost(entry)
  }

  /** Whoever is back before long is asked only for what has changed. */
  #onLost(entry: Followed): void {
    const { clock } = this.#components
    if (this.#followed.get(entry.peer) !== entry || this.#controller.signal.aborted) return
    const nowMs = clock.monotonicMs()
    entry.lostSinceMs ??= nowMs
    if (nowMs - entry.lostSinceMs >= FORGET_MS) return this.#forget(entry)
    entry.cancel()
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** entry.failures)
    entry.failures += 1
    entry.cancel = clock.after(delayMs, () => this.#readSoon(entry))
  }
}

/** @throws MeshError as a request does; what the node answers; RESPONSE_INVALID */
async function ask(
  session: Session,
  params: ListFilesParams,
  signal: AbortSignal
): Promise<ListFilesResult> {
  const answer = await session.request(
    { command: 'LIST_FILES', params },
    { signal, timeoutMs: ANSWER_TIMEOUT_MS }
  )
  if (answer.error !== undefined) throw answer.error
  return COMMANDS.LIST_FILES.checkResult(answer.result)
}
