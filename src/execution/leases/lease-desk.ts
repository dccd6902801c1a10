/**
 * The attempts that routers send here: each runs once however often it is sent, goes on without the
 * session over which it came, and is kept with its result until its router has taken note of it.
 */
import { MeshError } from '../../core/errors.ts'
import { KeptResults } from './kept-results.ts'
import { Lease, jobIdsOf } from './lease.ts'
import { LeaseReceipts } from './lease-receipts.ts'
import { LeaseReporter } from './lease-reporter.ts'
import { LeaseTable } from './lease-table.ts'
import { LostLeases, lostError } from './lost-leases.ts'
import { RouterWatch } from './router-watch.ts'
import { leaseAnswer } from '../task-answers.ts'
import { RecentNames } from './recent-names.ts'
import { bytesHash } from '../../receipts/text-hash.ts'
import { journalName } from './journal-entries.ts'
import type { Assignment } from '../../model/generated/commands-execute-task.ts'
import type { AttachTaskParams } from '../../model/generated/commands-attach-task.ts'
import type { Clock } from '../../core/clock.ts'
import type { CommandContext } from '../../protocol/command-server.ts'
import type { DroppedState, JournalNote, LostState, SettledState } from './journal-entries.ts'
import type { KeptResultsInit } from './kept-results.ts'
import type { LoadNews } from '../load-news.ts'
import type { LoadReport } from '../../model/generated/capability-record.ts'
import type { ExecutorRegistry } from '../../executors/executor-registry.ts'
import type { Logger } from '../../observe/logger.ts'
import type { LostLease } from './lost-leases.ts'
import type { RouterLinks } from './router-links.ts'
import type { Signer } from '../../receipts/signer.ts'
import type { StopTaskParams, StopTaskResult } from '../../model/generated/commands-stop-task.ts'
import type { TaskAnswer } from '../task-answers.ts'
import type { TaskEnd } from '../task.ts'
import type { TaskJournal } from './task-journal.ts'
import type { TaskRequest } from '../task-request.ts'
import type { TaskRunner } from '../task-runner.ts'

export interface LeaseDeskComponents {
  clock: Clock
  executors: ExecutorRegistry
  journal: TaskJournal
  links: RouterLinks
  logger: Logger
  runner: TaskRunner
  signer: Signer
  /** Who is told of the worker's load out of turn. */
  news: Pick<LoadNews, 'came' | 'refused'>
  /** As a router is told now. */
  describeLoad: (router: string) => LoadReport
}

/** How long an ending worker waits for routers to take note of the last results. */
const TAKE_NOTE_MS = 1_000
/** A flood of evictions makes one line in so many milliseconds. */
const EVICTION_LOG_MS = 60_000

export class LeaseDesk {
  readonly #components: LeaseDeskComponents
  readonly #table = new LeaseTable()
  readonly #lost = new LostLeases()
  readonly #kept: KeptResults
  readonly #receipts: LeaseReceipts
  readonly #reporter: LeaseReporter
  readonly #watch: RouterWatch
  /** Leases that are not to begin here any more, though their dispatch may yet come. */
  readonly #closed = new RecentNames()
  #evictions = { count: 0, loggedAtMs: Number.NEGATIVE_INFINITY }

  constructor(components: LeaseDeskComponents, init: KeptResultsInit = {}) {
    const { clock } = components
    this.#components = components
    this.#kept = new KeptResults(clock, (leases, why) => this.#onDropped(leases, why), init)
    this.#receipts = new LeaseReceipts(components)
    this.#watch = new RouterWatch({ ...components, table: this.#table })
    this.#reporter = new LeaseReporter(components, {
      onUnwanted: (lease) => this.#discard(lease),
      onLostUnwanted: (lost) => {
        this.#forget(lost, 'unwanted')
      }
    })
  }

  /** @throws MeshError STORE_FAILED */
  start(): void {
    const { journal, links, logger } = this.#components
    const lost = journal.open()
    for (const entry of lost) this.#addLost(entry)
    const begun = lost.filter(({ event }) => event === 'began')
    if (begun.length > 0) {
      const jobIds = [...new Set(begun.map((entry) => entry.job_id))].slice(0, 20)
      logger.warn({ count: begun.length, jobIds }, 'tasks were lost with the last run')
    }
    links.listen({
      onConnected: (peer) => {
        this.#watch.returned(peer)
        void this.#reporter.tellAll(peer, this.#table.of(peer), this.#lost.of(peer))
      },
      onClosed: (peer) => this.#watch.gone(peer)
    })
  }

  /** Handler of EXECUTE_TASK with an assignment. `read` is called for what is new. */
  async execute(
    assignment: Assignment,
    context: CommandContext,
    read: () => TaskRequest
  ): Promise<TaskAnswer> {
    const { bulk, remotePeer: router, signal, trace } = context
    this.#components.news.came(router, assignment.number)
    const known = this.#table.get(router, assignment.lease_id)
    if (known !== undefined) return await this.#answer(known, signal)
    this.#refuseOld(router, assignment)
    const lease = new Lease(router, assignment, read())
    lease.trace = trace
    if (bulk !== undefined) lease.taskHash = bytesHash(bulk)
    this.#supersede(lease)
    this.#table.add(lease)
    if (!this.#components.links.isConnected(router)) this.#watch.gone(router)
    void this.#seeThrough(lease)
    return await this.#answer(lease, signal)
  }

  /** Handler of ATTACH_TASK. @throws MeshError TASK_UNKNOWN, TASK_LOST */
  async attach(params: AttachTaskParams, context: CommandContext): Promise<TaskAnswer> {
    const { remotePeer: router, signal } = context
    const { lease_id: id, log_from: logFrom } = params
    const lease = this.#table.get(router, id)
    if (lease !== undefined) {
      lease.task.log.acknowledge(logFrom)
      return await this.#answer(lease, signal)
    }
    const lost = this.#lost.get(router, id)
    if (lost !== undefined) throw lostError(lost)
    this.#closed.add(router, id)
    throw new MeshError('TASK_UNKNOWN', 'no such attempt came to this worker')
  }

  /** Handler of STOP_TASK. */
  async stop(params: StopTaskParams, context: CommandContext): Promise<StopTaskResult> {
    const { remotePeer: router, signal } = context
    const { kill_after_ms: killAfterMs, lease_id: id, reason } = params
    const lease = this.#table.get(router, id)
    if (lease === undefined) {
      this.#closed.add(router, id)
      return { state: 'unknown' }
    }
    if (lease.end !== undefined) return { state: 'ended' }
    lease.task.stop(new MeshError('TASK_STOPPED', reason), killAfterMs)
    const { error } = await lease.whenEnded(signal)
    return { state: error !== undefined && error === lease.task.stopReason ? 'stopped' : 'ended' }
  }

  /** Handler of RELEASE_TASKS. Gives how many of them were here. */
  release(router: string, leaseIds: readonly string[]): number {
    const released: Lease[] = []
    for (const id of leaseIds) {
      const lease = this.#table.get(router, id)
      if (lease?.end !== undefined) released.push(lease)
      // Its end is on the router's disk, so what still runs here counts no more.
      else if (lease !== undefined) this.#discard(lease)
      const lost = this.#lost.get(router, id)
      if (lost !== undefined) this.#forget(lost, 'released')
    }
    this.#drop(released, 'released')
    return released.length
  }

  /** After the last task has ended: gives routers a moment to take note, then lets go of what is left. */
  async close(): Promise<void> {
    const { links, logger } = this.#components
    // The answers that have just become possible are written before anything else ends.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const isAnyoneThere = this.#kept.all().some(({ router }) => links.isConnected(router))
    if (isAnyoneThere) await this.#kept.drained(TAKE_NOTE_MS)
    const left = this.#kept.all()
    if (left.length > 0) {
      logger.warn(
        { count: left.length, jobIds: jobIdsOf(left) },
        'results not taken by their routers'
      )
    }
    this.#drop(left, 'untaken')
    this.#kept.close()
    this.#reporter.close()
    this.#watch.close()
  }

  async #answer(lease: Lease, signal: AbortSignal): Promise<TaskAnswer> {
    const { describeLoad } = this.#components
    try {
      const end = await lease.whenEnded(signal)
      const receipt = await lease.receipt
      return leaseAnswer({ task: lease.task, receipt }, end, describeLoad(lease.router))
    } catch (cause) {
      return { error: MeshError.from(cause), result: { load: describeLoad(lease.router) } }
    }
  }

  /** @throws MeshError TASK_LOST, TASK_SUPERSEDED for an attempt that must not begin here any more */
  #refuseOld(router: string, { lease_id: id }: Assignment): void {
    const lost = this.#lost.get(router, id)
    if (lost !== undefined) throw lostError(lost)
    if (!this.#closed.has(router, id)) return
    // Nobody is to blame for a message that others have overtaken.
    const init = { blame: 'router', retryable: true } as const
    throw new MeshError('TASK_SUPERSEDED', 'this attempt was over before it came', init)
  }

  /** @throws MeshError TASK_SUPERSEDED when the one that is here is the newer */
  #supersede(lease: Lease): void {
    const rival = this.#table.rivalOf(lease)
    if (rival === undefined) return
    if (rival.assignment.attempt > lease.assignment.attempt) {
      const init = { blame: 'router', retryable: true } as const
      throw new MeshError('TASK_SUPERSEDED', 'a later attempt of the same item is here', init)
    }
    rival.task.stop(new MeshError('TASK_SUPERSEDED', 'a later attempt took its place'))
  }

  async #seeThrough(lease: Lease): Promise<void> {
    const { clock, runner } = this.#components
    const { assignment, task } = lease
    const end = await runner.run({
      task,
      router: lease.router,
      trace: lease.trace,
      describe: () => ({
        job_id: assignment.job_id,
        item: assignment.item,
        attempt: assignment.attempt,
        router: lease.router,
        engine: task.request.task.engine,
        labels: task.request.labels,
        memory_bytes: task.request.memoryBytesMax,
        run_timeout_ms: task.request.timeoutMs
      }),
      onFetching: () => this.#reporter.add(lease),
      onBegin: async () => await this.#begin(lease)
    })
    if (!end.hasBegun && end.error?.code === 'WORKER_BUSY') {
      this.#components.news.refused(lease.router)
    }
    this.#reporter.remove(lease)
    this.#table.ended(lease)
    lease.receipt = this.#receipts.sign(lease, end)
    lease.settle(end, clock.monotonicMs())
    this.#keep(lease, end)
  }

  /** @throws MeshError RESOURCES_UNAVAILABLE */
  async #begin(lease: Lease): Promise<void> {
    const { clock, journal } = this.#components
    await journal.began(lease.name)
    lease.begunAtMs = clock.monotonicMs()
    this.#reporter.add(lease)
  }

  #keep(lease: Lease, end: TaskEnd): void {
    if (lease.begunAtMs !== undefined) {
      const state = end.error?.code ?? 'completed'
      this.#components.journal.note([{ name: lease.name, event: 'ended', state }])
    }
    // What was refused or handed back never was here; what was told to end before it began, was.
    if (!end.hasBegun && lease.task.stopReason === undefined) this.#table.delete(lease)
    else if (lease.isUnwanted) this.#drop([lease], 'unwanted')
    else this.#kept.add(lease)
  }

  /** The router needs it no more. */
  #discard(lease: Lease): void {
    if (lease.isUnwanted || this.#table.get(lease.router, lease.id) !== lease) return
    lease.isUnwanted = true
    if (lease.end !== undefined) return this.#drop([lease], 'unwanted')
    lease.task.stop(new MeshError('TASK_SUPERSEDED', 'its router needs it no more'))
  }

  #onDropped(leases: readonly Lease[], why: LostState): void {
    const { clock, logger } = this.#components
    this.#drop(leases, why)
    this.#evictions.count += leases.length
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#evictions.loggedAtMs < EVICTION_LOG_MS) return
    const { count } = this.#evictions
    logger.warn({ count, why, jobIds: jobIdsOf(leases) }, 'results dropped that no router took')
    this.#evictions = { count: 0, loggedAtMs: nowMs }
  }

  /** Ended leases leave; of those whose router does not know, the knowledge that they were here stays. */
  #drop(leases: readonly Lease[], state: DroppedState): void {
    const isLost = state === 'expired' || state === 'evicted' || state === 'untaken'
    const notes: JournalNote[] = []
    for (const lease of leases) {
      this.#kept.delete(lease)
      this.#table.delete(lease)
      this.#closed.add(lease.router, lease.id)
      // One that never began is not in the journal.
      if (lease.begunAtMs === undefined) continue
      notes.push({ name: lease.name, event: 'dropped', state })
      if (isLost) this.#addLost(lostOf(lease, state))
    }
    if (notes.length > 0) this.#components.journal.note(notes)
  }

  #addLost(lost: LostLease): void {
    const forgotten = this.#lost.add(lost)
    if (forgotten !== undefined) this.#noteSettled(forgotten, 'forgotten')
  }

  #forget(lost: LostLease, state: SettledState): void {
    this.#closed.add(lost.router, lost.lease_id)
    if (this.#lost.delete(lost)) this.#noteSettled(lost, state)
  }

  #noteSettled(lost: LostLease, state: SettledState): void {
    this.#components.journal.note([{ name: journalName(lost), event: 'dropped', state }])
  }
}

function lostOf({ assignment, router }: Lease, state: string): LostLease {
  const { attempt, item, job_id, lease_id } = assignment
  return { event: 'dropped', state, router, lease_id, job_id, item, attempt }
}
