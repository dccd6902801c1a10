/**
 * A worker that only exists in a test, as far as it is the same for every router. It holds leases as real
 * workers do (`src/execution/leases/lease-desk.ts`): a task goes on without its router, runs once however often
 * it is sent, and its end is kept until released.
 */
import { MeshError } from '../../src/core/errors.ts'
import type { AbortOptions } from '../../src/core/abort.ts'
import type { Assignment } from '../../src/model/generated/commands-execute-task.ts'
import type { Candidate } from '../../src/selection/candidate.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { StopOrder } from '../../src/dispatch/ports.ts'
import type { SessionAnswer } from '../../src/protocol/session.ts'

export type WaitOptions = AbortOptions & { timeoutMs: number }

/** A task at a worker that does not answer by itself: the test says when and how it ends. */
export interface SentTask {
  peer: string
  jobId: string
  item: number
  attempt: number
  leaseId: string
  assignment: Assignment
  task: Record<string, unknown>
  options: WaitOptions
  complete(output?: unknown, more?: Record<string, unknown>): void
  /** Answers with whatever text, valid or not. */
  answer(bulk: string | undefined): void
  /** The worker would not take it. */
  refuse(code?: ErrorCode): void
  /** The worker says how its task failed. */
  fail(code?: ErrorCode, more?: Record<string, unknown>): void
  /** Only the requests for it break; the task goes on, unless the worker could not be reached at all. */
  lose(code?: ErrorCode): void
  /** Whether it runs, as far as the worker knows. */
  isOpen: boolean
  /** Why the router has it stopped, once the worker has heard. */
  stopReason: string | undefined
  /** What the router last said of how long it may still go on. */
  killAfterMs: number | undefined
}

/** Called when a task arrives; does nothing for a worker that the test answers for. */
export type Behaviour = (task: SentTask) => void

/** One request, as the worker sees it. */
export interface Waiter {
  resolve: (answer: SessionAnswer) => void
  reject: (error: Error) => void
}

/** A task as it was sent. */
export interface Sending {
  peer: string
  assignment: Assignment
  text: string
  options: WaitOptions
}

interface Lease {
  task: SentTask
  end: SessionAnswer | undefined
  waiters: Set<Waiter>
}

const RAN = { usage: { wall_ms: 5, cpu_ms: 4 }, phases: { waited_ms: 0, ran_ms: 5 } }
const LOG = { from: 0, entries: [{ ms: 1, stream: 'out', text: 'done\n' }] }

export class FakeWorker {
  readonly candidate: Candidate
  /** `cut`: no session. `silent`: nothing arrives, and nobody has noticed yet. `gone`: known not to run. */
  state: 'up' | 'cut' | 'silent' | 'dead' | 'gone' = 'up'
  /** Grows whenever a session ends; what was on its way then never arrives. */
  session = 0
  /** What waits for a silent link to come back. */
  readonly delayed: (() => void)[] = []
  /** Requests over the session that it has now. */
  readonly requests = new Set<Waiter>()
  readonly #behave: Behaviour
  readonly #leases = new Map<string, Lease>()
  readonly #lost = new Map<string, SentTask>()
  /** Leases that are not to begin here any more. */
  readonly #closed = new Set<string>()

  constructor(candidate: Candidate, behave: Behaviour) {
    this.candidate = candidate
    this.#behave = behave
  }

  get leaseIds(): string[] {
    return [...this.#leases.keys()]
  }

  /** What a router that is back has to hear of. */
  get known(): { task: SentTask; state: 'running' | 'ended' | 'lost' }[] {
    const held = [...this.#leases.values()].map(({ task }) => ({
      task,
      state: task.isOpen ? ('running' as const) : ('ended' as const)
    }))
    return [...held, ...[...this.#lost.values()].map((task) => ({ task, state: 'lost' as const }))]
  }

  endSession(): Waiter[] {
    const requests = [...this.requests]
    this.session += 1
    this.delayed.length = 0
    this.requests.clear()
    for (const { waiters } of this.#leases.values()) waiters.clear()
    return requests
  }

  /** Its program ends; what it ran and held is lost. */
  die(): void {
    for (const [leaseId, { task }] of this.#leases) {
      task.isOpen = false
      this.#lost.set(leaseId, task)
    }
    this.#leases.clear()
  }

  /** The router stayed away for longer than a lease: its task is ended, and that is kept. */
  expire(leaseId: string): void {
    const lease = this.#leases.get(leaseId)
    const error = new MeshError('TASK_STOPPED', 'its router did not come back')
    if (lease !== undefined) settle(lease, { error, result: RAN })
  }

  /** @param onBegun called with a task that is new here */
  execute(sending: Sending, waiter: Waiter, onBegun: Behaviour): void {
    const { lease_id: leaseId } = sending.assignment
    const known = this.#leases.get(leaseId)
    if (known !== undefined) return wait(known, waiter)
    const refusal = this.#refusalOf(leaseId)
    if (refusal !== undefined) return waiter.resolve({ error: refusal })
    const lease: Lease = { task: NOTHING, end: undefined, waiters: new Set([waiter]) }
    lease.task = newTask(sending, lease, () => void this.#leases.delete(leaseId))
    this.#leases.set(leaseId, lease)
    onBegun(lease.task)
    this.#behave(lease.task)
  }

  attach(leaseId: string, waiter: Waiter): void {
    const lease = this.#leases.get(leaseId)
    if (lease !== undefined) return wait(lease, waiter)
    const isLost = this.#lost.has(leaseId)
    if (!isLost) this.#closed.add(leaseId)
    const code = isLost ? 'TASK_LOST' : 'TASK_UNKNOWN'
    waiter.resolve({ error: new MeshError(code, 'it is not here') })
  }

  /** Gives the task if it is still to end. */
  stop(task: StopOrder, waiter: Waiter): SentTask | undefined {
    const lease = this.#leases.get(task.leaseId)
    if (lease === undefined) {
      this.#closed.add(task.leaseId)
      waiter.resolve({ error: new MeshError('TASK_UNKNOWN', 'it is not here') })
      return undefined
    }
    lease.task.stopReason ??= task.reason
    lease.task.killAfterMs = task.killAfterMs
    waiter.resolve({})
    return lease.end === undefined ? lease.task : undefined
  }

  /** The router needs it no more. */
  discard(leaseId: string): void {
    const lease = this.#leases.get(leaseId)
    if (lease !== undefined) lease.task.isOpen = false
    this.#leases.delete(leaseId)
    this.#lost.delete(leaseId)
    this.#closed.add(leaseId)
  }

  #refusalOf(leaseId: string): MeshError | undefined {
    if (this.#lost.has(leaseId)) return new MeshError('TASK_LOST', 'it was lost with the last run')
    if (!this.#closed.has(leaseId)) return undefined
    const init = { blame: 'router', retryable: true } as const
    return new MeshError('TASK_SUPERSEDED', 'this attempt was over before it came', init)
  }
}

/** Stands in for a task for the moment in which its lease is made. */
const NOTHING = {} as SentTask

function wait({ end, waiters }: Lease, waiter: Waiter): void {
  if (end === undefined) waiters.add(waiter)
  else waiter.resolve(end)
}

/** The task has ended; whoever waits for it hears so, if there is a way. */
function settle(lease: Lease, answer: SessionAnswer): void {
  if (!lease.task.isOpen) return
  lease.task.isOpen = false
  lease.end = answer
  for (const waiter of lease.waiters) waiter.resolve(answer)
  lease.waiters.clear()
}

function newTask(
  { assignment, options, peer, text }: Sending,
  lease: Lease,
  forget: () => void
): SentTask {
  return {
    peer,
    jobId: assignment.job_id,
    item: assignment.item,
    attempt: assignment.attempt,
    leaseId: assignment.lease_id,
    assignment,
    task: JSON.parse(text) as Record<string, unknown>,
    options,
    isOpen: true,
    stopReason: undefined,
    killAfterMs: undefined,
    complete: (output = null, more = {}) =>
      settle(lease, { bulk: JSON.stringify(output), result: { ...RAN, log: LOG, ...more } }),
    answer: (bulk) => settle(lease, bulk === undefined ? {} : { bulk }),
    refuse: (code = 'WORKER_BUSY') => {
      forget()
      settle(lease, { error: new MeshError(code, 'not now') })
    },
    fail: (code = 'TASK_FAILED', more = {}) =>
      settle(lease, {
        error: new MeshError(code, lease.task.stopReason ?? 'it threw'),
        result: { ...RAN, ...more }
      }),
    lose: (code = 'SESSION_CLOSED') => {
      if (code === 'PEER_UNREACHABLE') {
        lease.task.isOpen = false
        forget()
      }
      const error = new MeshError(code, 'the link is gone')
      for (const waiter of lease.waiters) waiter.reject(error)
      lease.waiters.clear()
    }
  }
}
