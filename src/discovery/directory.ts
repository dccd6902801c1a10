/**
 * The workers that this router knows: takes up what the finder found, connects, asks the worker itself
 * for its signed record, keeps its load fresh by the session's heartbeats, and lets go of the dead.
 * It satisfies dispatch's `CandidateSource`.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { validatorFor } from '../model/validate.ts'
import { by } from '../observe/readings.ts'
import { askWorker } from './ask-worker.ts'
import { lastNews, takeNews } from './node-news.ts'
import { ReadyWaiters } from './ready-waiters.ts'
import { CandidateBook } from './candidate-book.ts'
import { ContactQueue } from './contact-queue.ts'
import { hasRoom } from '../selection/room.ts'
import { newWorkerEntry } from './worker-entry.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Access } from '../protocol/access.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { Clock } from '../core/clock.ts'
import type { CapabilityRecord } from './record.ts'
import type { EndedTask } from './candidate-book.ts'
import type { Finding } from './finder.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeChange } from './node-news.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { PeerTracker } from '../network/paths/peer-tracker.ts'
import type { Readings } from '../observe/readings.ts'
import type { SentWork } from './worker-load.ts'
import type { SetAvailabilityResult } from '../model/generated/commands-set-availability.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Standing } from './to-candidate.ts'
import type { Startable } from '../core/startable.ts'
import type { NewWorker, WorkerEntry } from './worker-entry.ts'

export interface DirectoryComponents {
  access: Pick<Access, 'memberOf' | 'requireRole'>
  node: MeshNode
  sessions: SessionService
  tracker: Pick<PeerTracker, 'wayTo'>
  clock: Clock
  logger: Logger
  /** What this router itself has seen of a worker. */
  standingOf: (peer: string) => Standing
  /** Called whenever a task might now find a place: a worker came, or one has room again. */
  onRoom: () => void
  /** Called when a worker has come for the first time, is lost, back, closed or opened, and when it is forgotten. */
  onNode: (change: NodeChange) => void
}

export interface DirectoryInit {
  namespace: string
}

/** A worker that cannot be reached for so long is forgotten; found again, it starts anew. */
const FORGET_MS = 25_000
const RETRY_MS_MIN = 250
const RETRY_MS_MAX = 4_000

const checkLoad = validatorFor<LoadReport>('capability-record#/$defs/load', 'load')

export class Directory implements Startable {
  readonly #components: DirectoryComponents
  readonly #namespace: string
  readonly #entries = new Map<string, WorkerEntry>()
  readonly #book: CandidateBook
  readonly #waiters = new ReadyWaiters()
  readonly #contacts: ContactQueue
  readonly #controller = new AbortController()

  constructor(components: DirectoryComponents, init: DirectoryInit) {
    this.#components = components
    this.#namespace = init.namespace
    this.#contacts = new ContactQueue(components.clock)
    const wayTo = components.tracker.wayTo.bind(components.tracker)
    this.#book = new CandidateBook({ ...components, wayTo }, this.#entries)
  }

  async start(): Promise<void> {
    this.#components.sessions.listen({
      onLoad: (peer, load) => this.#onBeat(peer, load),
      onClosed: (peer, error) => this.#onClosed(peer, error)
    })
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    this.#waiters.rejectAll(new MeshError('STOPPING', 'the router is stopping'))
    this.#contacts.clear()
    for (const entry of this.#entries.values()) entry.cancelRetry()
    this.#entries.clear()
  }

  has(peer: string): boolean {
    return this.#entries.has(peer)
  }

  /** A worker that is known, and cannot be reached now. */
  isAway(peer: string): boolean {
    return this.#entries.get(peer)?.state === 'unreachable'
  }

  /** What its owner has labelled a worker with; undefined of one that is not known. */
  labelsOf(peer: string): Readonly<Record<string, string>> | undefined {
    return this.#entries.get(peer)?.record?.labels
  }

  /** All known workers, ready or not. */
  entries(): WorkerEntry[] {
    return [...this.#entries.values()]
  }

  readings(): Readings {
    const all = this.entries()
    const ready = all.filter(({ state }) => state === 'ready')
    const sums = { total: 0, running: 0, waiting: 0 }
    for (const { work } of ready) {
      sums.total += work.report?.slots ?? 0
      sums.running += work.report?.running ?? 0
      sums.waiting += work.report?.queued ?? 0
    }
    const { running, total, waiting } = sums
    return {
      taskmesh_discovery_workers: by('state', { known: all.length, ready: ready.length }),
      taskmesh_discovery_slots: by('state', { total, running }),
      taskmesh_discovery_waiting_tasks: waiting
    }
  }

  /** Ready workers as selection sees them now. */
  candidates(): readonly Candidate[] {
    return this.#book.candidates()
  }

  workMs(taskType: string): number {
    return this.#book.workMs(taskType)
  }

  answerBytes(taskType: string): number {
    return this.#book.answerBytes(taskType)
  }

  /** Counts a task that goes to a worker, before its report does. @returns its number */
  sent(peer: string, work: SentWork): number {
    return this.#book.sent(peer, work)
  }

  /** A task has ended there, or never got there. */
  ended(peer: string, end: EndedTask): void {
    this.#book.ended(peer, end)
  }

  /** Something was learnt of how well a worker does. */
  judged(peer: string): void {
    this.#book.judged(peer)
  }

  /** A worker does not answer as it should: it gets nothing new before it is heard of again. */
  suspect(peer: string): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    entry.isSuspected = true
    this.#book.loadChanged(entry)
  }

  /** Takes what a worker says of its load with an answer or a heartbeat. */
  reported(peer: string, load: unknown): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined || load === null || load === undefined) return
    try {
      this.#takeLoad(entry, checkLoad(load))
    } catch (cause) {
      this.#components.logger.debug({ peer, err: cause }, 'load report not understood')
    }
  }

  /** A worker has said whether it takes tasks: that holds at once, and its next beat says so too. */
  answered(peer: string, { availability, running }: SetAvailabilityResult): void {
    const load = this.#entries.get(peer)?.work.report
    if (load === undefined) return
    this.reported(peer, { ...load, running, availability, stopping: availability !== 'open' })
  }

  /**
   * Resolves when there is a session with a worker and it has said what it is. While somebody waits, a
   * worker that is lost is tried on and on, at the addresses that it was last known by.
   * @throws MeshError PEER_GONE when nothing listens at any of them, STOPPING; or the signal's reason
   */
  async whenReady(peer: string, options: AbortOptions = {}): Promise<void> {
    const { sessions } = this.#components
    if (this.#controller.signal.aborted) throw new MeshError('STOPPING', 'the router is stopping')
    const known = this.#entries.get(peer)
    if (known?.state === 'ready' && sessions.get(peer) !== undefined) return
    options.signal?.throwIfAborted()
    const ready = this.#waiters.wait(peer, options)
    if (known !== undefined) this.#contacts.hasten(peer)
    else if (this.#makeRoom()) this.#contact(this.#add({ peer, by: 'lease' }))
    await ready
  }

  /** Takes up what the finder found. Nothing is believed before the worker itself has answered. */
  onFound(finding: Finding): void {
    const known = this.#entries.get(finding.peer)
    if (known !== undefined) return this.#onFoundAgain(known, finding)
    if (this.#controller.signal.aborted || !this.#makeRoom()) return
    void this.#introduce(this.#add(finding), finding.addresses)
  }

  /** One that was lost lives: it beats, here or for all. */
  onAlive(peer: string): void {
    const entry = this.#entries.get(peer)
    if (entry?.state === 'unreachable') this.#tryAfresh(entry)
  }

  #add(found: NewWorker): WorkerEntry {
    const nowMs = this.#components.clock.monotonicMs()
    const entry = newWorkerEntry(found, this.#book.loadOf(found.peer), nowMs)
    this.#entries.set(found.peer, entry)
    this.#book.recordChanged(entry)
    return entry
  }

  /** A new record of a worker that we lost: it is alive, perhaps at other addresses than before. */
  #onFoundAgain(entry: WorkerEntry, { addresses, record }: Finding): void {
    if (record === undefined || !isNewer(record, entry.record)) return
    this.#takeRecord(entry, record)
    if (entry.state === 'unreachable') void this.#introduce(entry, addresses)
  }

  /** A beat of a worker that was lost comes over a session that it has opened itself. */
  #onBeat(peer: string, load: unknown): void {
    const entry = this.#entries.get(peer)
    // Its session may have moved to a better way.
    if (entry?.state === 'ready') entry.session = this.#components.sessions.get(peer)
    this.reported(peer, load)
    this.onAlive(peer)
  }

  #tryAfresh(entry: WorkerEntry): void {
    entry.cancelRetry()
    entry.failures = 0
    entry.unreachableSinceMs = undefined
    this.#contact(entry)
  }

  /** When it is full, one that never answered gives way; the DHT and gossip name whom they like. */
  #makeRoom(): boolean {
    if (this.#entries.size < LIMITS.directoryWorkersMax) return true
    for (const entry of this.#entries.values()) {
      const isIdle = entry.state === 'unreachable' && entry.readyCount === 0
      if (isIdle && !this.#waiters.has(entry.peer)) {
        this.#forget(entry)
        return true
      }
    }
    return false
  }

  #forget(entry: WorkerEntry): void {
    entry.cancelRetry()
    this.#contacts.remove(entry.peer)
    this.#entries.delete(entry.peer)
    this.#book.stateChanged(entry)
    this.#components.logger.debug({ peer: entry.peer }, 'worker forgotten')
    this.#tell(lastNews(entry))
  }

  async #introduce(entry: WorkerEntry, addresses: readonly string[]): Promise<void> {
    const { logger, node } = this.#components
    await node.learnAddresses(entry.peer, addresses).catch((cause: unknown) => {
      logger.debug({ peer: entry.peer, err: cause }, 'addresses of a worker not understood')
    })
    this.#tryAfresh(entry)
  }

  /** As soon as it is its turn. */
  #contact(entry: WorkerEntry): void {
    if (this.#entries.get(entry.peer) !== entry || entry.state === 'ready') return
    const isMissed = entry.readyCount > 0 || this.#waiters.has(entry.peer)
    const rank = isMissed ? 'awaited' : entry.failures > 0 ? 'tried' : 'found'
    this.#contacts.add(entry.peer, rank, () => this.#connect(entry))
  }

  async #connect(entry: WorkerEntry): Promise<void> {
    const { access, logger, sessions } = this.#components
    const { signal } = this.#controller
    if (entry.isConnecting) return
    entry.isConnecting = true
    try {
      const session = await sessions.open(entry.peer, { signal })
      access.requireRole(entry.peer, 'worker')
      const asking = { namespace: this.#namespace, signal }
      const { limits, load, record } = await askWorker(session, asking)
      entry.limits = limits
      // Its own word over its own session is no replay, even if its clock was set back.
      this.#takeRecord(entry, record)
      if (entry.session !== session) entry.work.beginSession()
      if (load !== undefined) this.#takeLoad(entry, load)
      const current = sessions.get(entry.peer)
      if (current === undefined) {
        throw new MeshError('SESSION_CLOSED', 'it ended as soon as it was open')
      }
      entry.session = current
      entry.state = 'ready'
      this.#book.stateChanged(entry)
      entry.readyCount += 1
      entry.failures = 0
      entry.unreachableSinceMs = undefined
      logger.info({ peer: entry.peer, foundBy: entry.foundBy }, 'worker ready')
      this.#tell(takeNews(entry))
      this.#waiters.resolve(entry.peer)
      this.#components.onRoom()
    } catch (cause) {
      const isKnown = this.#entries.get(entry.peer) === entry
      if (isKnown && !signal.aborted) this.#onUnreachable(entry, MeshError.from(cause))
    } finally {
      entry.isConnecting = false
    }
  }

  #takeRecord(entry: WorkerEntry, record: CapabilityRecord): void {
    // What the authority has fixed, the worker's owner cannot say otherwise.
    const fixed = this.#components.access.memberOf(entry.peer)?.labels
    entry.record =
      fixed === undefined ? record : { ...record, labels: { ...record.labels, ...fixed } }
    entry.recordAtMs = this.#components.clock.monotonicMs()
    this.#book.recordChanged(entry)
  }

  #takeLoad(entry: WorkerEntry, load: LoadReport): void {
    const nowMs = this.#components.clock.monotonicMs()
    entry.work.take(load, nowMs)
    entry.loadAtMs = nowMs
    entry.isSuspected = false
    this.#book.loadChanged(entry)
    this.#tell(takeNews(entry))
    const { candidate, state } = entry
    if (state === 'ready' && candidate !== undefined && hasRoom(candidate))
      this.#components.onRoom()
  }

  #onClosed(peer: string, error: MeshError): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined || entry.state !== 'ready') return
    this.#onUnreachable(entry, error)
  }

  #onUnreachable(entry: WorkerEntry, error: MeshError): void {
    const { clock, logger } = this.#components
    entry.session = undefined
    entry.unreachableSinceMs ??= clock.monotonicMs()
    entry.state = 'unreachable'
    entry.failures += 1
    this.#book.stateChanged(entry)
    this.#tell(takeNews(entry))
    if (error.code === 'PEER_GONE') this.#waiters.reject(entry.peer, error)
    const isForgettable = clock.monotonicMs() - entry.unreachableSinceMs > FORGET_MS
    if (isForgettable && !this.#waiters.has(entry.peer)) return this.#forget(entry)
    // The DHT goes on naming the dead for half an hour; only a worker that was here can be lost.
    const level = entry.failures === 1 && entry.readyCount > 0 ? 'warn' : 'debug'
    logger[level]({ peer: entry.peer, code: error.code, why: error.message }, 'worker lost')
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (entry.failures - 1))
    entry.cancelRetry = clock.after(delayMs, () => this.#contact(entry))
  }

  #tell(news: NodeChange | undefined): void {
    if (news !== undefined) this.#components.onNode(news)
  }
}

/** A record with a number not above the last one's is a replay. */
function isNewer(record: CapabilityRecord, known: CapabilityRecord | undefined): boolean {
  return known === undefined || record.seq > known.seq
}
