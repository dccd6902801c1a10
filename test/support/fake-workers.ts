/**
 * Workers that only exist in a test, as one life of a router sees them: who is there, what room they have,
 * and what becomes of the way to them. What they do with tasks is in `fake-worker.ts`.
 */
import { MeshError } from '../../src/core/errors.ts'
import { FakeWorker } from './fake-worker.ts'
import { buildCandidate } from './build-candidate.ts'
import type { AbortOptions } from '../../src/core/abort.ts'
import type { Assignment } from '../../src/model/generated/commands-execute-task.ts'
import type { Behaviour, SentTask, WaitOptions, Waiter } from './fake-worker.ts'
import type { Candidate } from '../../src/selection/candidate.ts'
import type { CandidateSource, StopOrder, TaskLink } from '../../src/dispatch/ports.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type {
  ReportTaskParams,
  ReportTaskResult
} from '../../src/model/generated/commands-report-task.ts'
import type { SessionAnswer } from '../../src/protocol/session.ts'

/** The worker's side of a report; the router's says whether the task is still wanted. */
export type OnReport = (peer: string, news: ReportTaskParams) => Promise<ReportTaskResult>

export class FakeWorkers implements CandidateSource, TaskLink {
  /** Tasks that came to a worker, whichever life of the router sent them. */
  readonly tasks: SentTask[]
  /** Loads as they were reported, oldest first. */
  readonly loads: [string, unknown][] = []
  /** Leases that workers were told to forget. */
  readonly released: string[] = []
  /** Called when somebody may have room again. */
  onRoom: () => void = () => {}
  onReport: OnReport | undefined
  /** How a message travels; at once, unless a simulation says otherwise. */
  travel: (arrive: () => void) => void = (arrive) => arrive()
  /** What a worker does with a task that is to stop. */
  onStop: Behaviour = (task) => task.fail('TASK_STOPPED')
  readonly #workers: Map<string, FakeWorker>
  /** GPUs of the tasks that this life of the router has there, by their numbers. */
  readonly #own = new Map<string, Map<number, number>>()
  /** Tasks that earlier lives of the router have sent. */
  #inherited: readonly SentTask[]
  #number = 0
  readonly #awaited = new Map<string, Set<PromiseWithResolvers<void>>>()
  #isDead = false

  constructor(before?: FakeWorkers) {
    this.tasks = before?.tasks ?? []
    this.#inherited = this.tasks.filter(({ isOpen }) => isOpen)
    this.#workers = before === undefined ? new Map() : before.#workers
    if (before === undefined) return
    this.travel = before.travel
    this.onStop = before.onStop
    before.#isDead = true
    for (const [peer, worker] of this.#workers) {
      worker.endSession()
      this.#countOwn(peer)
    }
  }

  /** The same workers, as the next life of the router finds them; for the one before, nothing happens any more. */
  nextLife(): FakeWorkers {
    return new FakeWorkers(this)
  }

  add(peerId: string, behave: Behaviour = () => {}, more: Partial<Candidate> = {}): this {
    const candidate = buildCandidate({ slots: 1, queueSlots: 0, ...more, peerId })
    this.#workers.set(peerId, new FakeWorker(candidate, behave))
    return this
  }

  /** Changes what selection sees of a worker. */
  change(peerId: string, more: Partial<Candidate>): void {
    Object.assign(this.#worker(peerId).candidate, more)
  }

  ownTasks(peerId: string): number {
    return this.#own.get(peerId)?.size ?? 0
  }

  /** Tasks that run and wait for the test's word. */
  open(): SentTask[] {
    return this.tasks.filter((task) => task.isOpen)
  }

  /** The newest task sent, which must be there. */
  last(): SentTask {
    const task = this.tasks.at(-1)
    if (task === undefined) throw new Error('no task was sent')
    return task
  }

  /** Leases that a worker still holds, ended or not. */
  leaseIds(peerId: string): string[] {
    return this.#worker(peerId).leaseIds
  }

  stateOf(peerId: string): FakeWorker['state'] {
    return this.#worker(peerId).state
  }

  /** The session ends; what runs there goes on. */
  cut(peerId: string, code: ErrorCode = 'SESSION_CLOSED'): void {
    const worker = this.#worker(peerId)
    if (worker.state === 'up' || worker.state === 'silent') worker.state = 'cut'
    const error = new MeshError(code, 'the link is gone')
    for (const waiter of worker.endSession()) waiter.reject(error)
  }

  /** Nothing passes, and nobody has noticed yet. */
  silence(peerId: string): void {
    this.#worker(peerId).state = 'silent'
  }

  /** There is a session again. The worker tells what it holds, as real ones do. */
  heal(peerId: string): void {
    const worker = this.#worker(peerId)
    if (worker.state === 'up') return
    worker.state = 'up'
    for (const arrive of worker.delayed.splice(0)) arrive()
    this.greet(peerId)
  }

  /** Its program ends; what it ran and held is lost. */
  kill(peerId: string): void {
    this.cut(peerId)
    const worker = this.#worker(peerId)
    worker.state = 'dead'
    worker.die()
  }

  /** It is killed, and whoever asks for it hears that it does not run. */
  goAway(peerId: string): void {
    this.kill(peerId)
    this.#worker(peerId).state = 'gone'
    const error = new MeshError('PEER_GONE', 'it said goodbye')
    for (const waiting of this.#takeAwaited(peerId)) waiting.reject(error)
  }

  /** The router stayed away for longer than a lease. */
  expire(peerId: string, leaseId: string): void {
    this.#worker(peerId).expire(leaseId)
  }

  /** What follows from a session that is up: whoever waits for it goes on, and the worker reports. */
  greet(peerId: string): void {
    const worker = this.#worker(peerId)
    if (worker.state !== 'up') return
    this.#pass(peerId, () => {
      for (const waiting of this.#takeAwaited(peerId)) waiting.resolve()
      this.onRoom()
    })
    for (const { state, task } of worker.known) this.#report(worker, task, state)
  }

  candidates(): Candidate[] {
    if (this.#inherited.length > 0) {
      const peers = new Set(this.#inherited.map(({ peer }) => peer))
      this.#inherited = this.#inherited.filter(({ isOpen }) => isOpen)
      for (const peer of peers) this.#countOwn(peer)
    }
    return [...this.#workers.values()]
      .filter(({ state }) => state === 'up' || state === 'silent')
      .map(({ candidate }) => candidate)
  }

  answerBytes(): number {
    return 0
  }

  workMs(): number {
    return 500
  }

  sent(peer: string, { gpuCount }: { gpuCount: number }): number {
    this.#number += 1
    const own = this.#own.get(peer) ?? new Map<number, number>()
    this.#own.set(peer, own.set(this.#number, gpuCount))
    this.#countOwn(peer)
    return this.#number
  }

  ended(peer: string, { number }: { number: number }): void {
    this.#own.get(peer)?.delete(number)
    this.#countOwn(peer)
  }

  reported(peer: string, load: unknown): void {
    this.loads.push([peer, load])
    this.#worker(peer).candidate.isSuspected = false
  }

  suspect(peer: string): void {
    this.#worker(peer).candidate.isSuspected = true
  }

  whenReady(peer: string, { signal }: AbortOptions): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    if (this.#isDead) return waiting.promise
    const state = this.#workers.get(peer)?.state
    if (state === 'up') return Promise.resolve()
    if (state === 'gone') return Promise.reject(new MeshError('PEER_GONE', 'it said goodbye'))
    const all = this.#awaited.get(peer) ?? new Set()
    this.#awaited.set(peer, all.add(waiting))
    onAbort(signal, (reason) => {
      all.delete(waiting)
      waiting.reject(reason)
    })
    return waiting.promise
  }

  execute(
    peer: string,
    { assignment, text }: { assignment: Assignment; text: string },
    options: WaitOptions
  ): Promise<SessionAnswer> {
    return this.#request(peer, { ...options, unreachable: 'PEER_UNREACHABLE' }, (worker, waiter) =>
      worker.execute({ peer, assignment, text, options }, waiter, (task) => this.tasks.push(task))
    )
  }

  attach(
    peer: string,
    { leaseId }: { leaseId: string; logFrom: number },
    options: WaitOptions
  ): Promise<SessionAnswer> {
    return this.#request(peer, options, (worker, waiter) => worker.attach(leaseId, waiter))
  }

  async stop(peer: string, task: StopOrder, options: WaitOptions): Promise<boolean> {
    try {
      const { error } = await this.#request(peer, options, (worker, waiter) => {
        const open = worker.stop(task, waiter)
        if (open !== undefined) this.onStop(open)
      })
      return error === undefined
    } catch {
      return false
    }
  }

  async ask(peer: string, options: WaitOptions): Promise<void> {
    await this.#request(peer, options, (_worker, waiter) => waiter.resolve({}))
  }

  release(peer: string, leaseId: string): void {
    if (this.#isDead) return
    this.released.push(leaseId)
    this.#pass(peer, () => this.#worker(peer).discard(leaseId))
  }

  /** These workers report nothing of tasks, so all of them count as not reported yet. */
  #countOwn(peer: string): void {
    const gpus = [...(this.#own.get(peer)?.values() ?? [])]
    const { candidate } = this.#worker(peer)
    const inherited = this.#inherited.filter((task) => task.peer === peer && task.isOpen)
    candidate.unseenCount = gpus.length + inherited.length
    candidate.unseenGpus = gpus.reduce((sum, count) => sum + count, 0)
  }

  /** Something goes over a worker's session, either way; it never arrives if that ends first. */
  #pass(peer: string, arrive: () => void): void {
    const worker = this.#worker(peer)
    const { session } = worker
    const onArrival = (): void => {
      if (worker.session !== session || this.#isDead) return
      if (worker.state === 'silent') worker.delayed.push(arrive)
      else if (worker.state === 'up') arrive()
    }
    if (worker.state === 'up' || worker.state === 'silent') this.travel(onArrival)
  }

  /** Sends something and waits for what comes back, until the session ends or nobody waits any more. */
  #request(
    peer: string,
    { signal, unreachable = 'SESSION_CLOSED' }: AbortOptions & { unreachable?: ErrorCode },
    arrive: (worker: FakeWorker, waiter: Waiter) => void
  ): Promise<SessionAnswer> {
    const { promise, reject, resolve } = Promise.withResolvers<SessionAnswer>()
    if (this.#isDead) return promise
    const worker = this.#workers.get(peer)
    if (worker === undefined || (worker.state !== 'up' && worker.state !== 'silent')) {
      return Promise.reject(new MeshError(unreachable, `there is no session with ${peer}`))
    }
    const waiter: Waiter = {
      resolve: (answer) => this.#pass(peer, () => resolve(answer)),
      reject
    }
    worker.requests.add(waiter)
    const close = (): void => void worker.requests.delete(waiter)
    void promise.then(close, close)
    onAbort(signal, reject)
    this.#pass(peer, () => arrive(worker, waiter))
    return promise
  }

  #report(worker: FakeWorker, task: SentTask, state: 'running' | 'ended' | 'lost'): void {
    const { onReport } = this
    if (onReport === undefined) return
    const { attempt, item, jobId, leaseId, peer } = task
    const news = { job_id: jobId, item, attempt, lease_id: leaseId, state }
    const onAnswer = ({ is_wanted: isWanted }: ReportTaskResult): void => {
      // What is lost stays known to be, for who asks.
      if (!isWanted && state !== 'lost') this.#pass(peer, () => worker.discard(leaseId))
    }
    // A report that fails changes nothing; the next one says it again.
    this.#pass(peer, () => void onReport(peer, news).then(onAnswer, () => {}))
  }

  #takeAwaited(peerId: string): PromiseWithResolvers<void>[] {
    const all = [...(this.#awaited.get(peerId) ?? [])]
    this.#awaited.get(peerId)?.clear()
    return this.#isDead ? [] : all
  }

  #worker(peerId: string): FakeWorker {
    const worker = this.#workers.get(peerId)
    if (worker === undefined) throw new Error(`there is no worker ${peerId}`)
    return worker
  }
}

function onAbort(signal: AbortSignal | undefined, then: (reason: Error) => void): void {
  if (signal?.aborted === true) then(signal.reason as Error)
  else signal?.addEventListener('abort', () => then(signal.reason as Error), { once: true })
}
