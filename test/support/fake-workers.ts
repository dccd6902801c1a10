/** Workers that only exist in a test: who they are, what room they have, and how each task that they get ends. */
import { MeshError } from '../../src/core/errors.ts'
import { buildCandidate } from './build-candidate.ts'
import type { AbortOptions } from '../../src/core/abort.ts'
import type { Candidate } from '../../src/selection/candidate.ts'
import type { CandidateSource, SendTask } from '../../src/dispatch/ports.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { SessionAnswer } from '../../src/protocol/session.ts'

/** A task at a worker that does not answer by itself: the test says when and how it ends. */
export interface SentTask {
  peer: string
  jobId: string
  item: number
  attempt: number
  task: Record<string, unknown>
  options: AbortOptions & { timeoutMs: number }
  complete(output?: unknown): void
  /** Answers with whatever text, valid or not. */
  answer(bulk: string | undefined): void
  refuse(code?: ErrorCode): void
  /** The worker says how its task failed. */
  fail(code?: ErrorCode, more?: Record<string, unknown>): void
  /** The link ends. */
  lose(code?: ErrorCode): void
  isOpen: boolean
}

/** Called when a task arrives; does nothing for a worker that the test answers for. */
export type Behaviour = (task: SentTask) => void

export class FakeWorkers implements CandidateSource {
  readonly sent: SentTask[] = []
  /** Loads as they were reported, oldest first. */
  readonly loads: [string, unknown][] = []
  readonly #workers = new Map<string, { candidate: Candidate; behave: Behaviour }>()

  add(peerId: string, behave: Behaviour = () => {}, more: Partial<Candidate> = {}): this {
    const candidate = buildCandidate({ slots: 1, queueSlots: 0, ...more, peerId })
    this.#workers.set(peerId, { candidate, behave })
    return this
  }

  remove(peerId: string): void {
    this.#workers.delete(peerId)
  }

  /** Changes what selection sees of a worker. */
  change(peerId: string, more: Partial<Candidate>): void {
    const worker = this.#workers.get(peerId)
    if (worker !== undefined) Object.assign(worker.candidate, more)
  }

  ownTasks(peerId: string): number | undefined {
    return this.#workers.get(peerId)?.candidate.ownTasks
  }

  /** Tasks that wait for the test's word. */
  open(): SentTask[] {
    return this.sent.filter((task) => task.isOpen)
  }

  /** The newest task sent, which must be there. */
  last(): SentTask {
    const task = this.sent.at(-1)
    if (task === undefined) throw new Error('no task was sent')
    return task
  }

  candidates(): Candidate[] {
    return [...this.#workers.values()].map(({ candidate }) => ({ ...candidate }))
  }

  began(peer: string): void {
    this.change(peer, { ownTasks: (this.ownTasks(peer) ?? 0) + 1 })
  }

  ended(peer: string): void {
    this.change(peer, { ownTasks: (this.ownTasks(peer) ?? 0) - 1 })
  }

  reported(peer: string, load: unknown): void {
    this.loads.push([peer, load])
  }

  readonly send: SendTask = (peer, { assignment, text }, options) => {
    const { promise, reject, resolve } = Promise.withResolvers<SessionAnswer>()
    const end = (finish: () => void): void => {
      task.isOpen = false
      options.signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = (): void => end(() => reject(options.signal?.reason))
    const task: SentTask = {
      peer,
      jobId: assignment.job_id,
      item: assignment.item,
      attempt: assignment.attempt,
      task: JSON.parse(text) as Record<string, unknown>,
      options,
      isOpen: true,
      complete: (output = null) =>
        end(() => resolve({ bulk: JSON.stringify(output), result: { ...RAN, logs: 'done\n' } })),
      answer: (bulk) => end(() => resolve(bulk === undefined ? {} : { bulk })),
      refuse: (code = 'WORKER_BUSY') =>
        end(() => resolve({ error: new MeshError(code, 'not now') })),
      fail: (code = 'TASK_FAILED', more = {}) =>
        end(() => resolve({ error: new MeshError(code, 'it threw'), result: { ...RAN, ...more } })),
      lose: (code = 'SESSION_CLOSED') => end(() => reject(new MeshError(code, 'the link is gone')))
    }
    options.signal?.addEventListener('abort', onAbort, { once: true })
    this.sent.push(task)
    const worker = this.#workers.get(peer)
    if (worker === undefined) task.lose('PEER_UNREACHABLE')
    else worker.behave(task)
    return promise
  }
}

const RAN = { usage: { wall_ms: 5, cpu_ms: 4 } }
