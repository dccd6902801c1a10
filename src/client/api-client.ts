/**
 * A router's HTTP API as a typed object: what the command line, the dashboard and programs use. Every
 * refusal is a `MeshError` with the router's own code, path and hint. Here stands what lasts longer than
 * one request (handing in, waiting, following) and is carried over lost connections and restarts.
 */
import { MeshError } from '../core/errors.ts'
import { newJobId } from '../core/ids.ts'
import { Backoff, sleepAwake } from './api-backoff.ts'
import { jobPath } from './api-caller.ts'
import { isCutOff } from './api-errors.ts'
import { JobApi } from './api-jobs.ts'
import { readStream } from './api-stream.ts'
import { peerChangeOf } from './peer-change.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { LogFilter } from './api-jobs.ts'
import type { LogView } from '../model/generated/api-log.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { PeerChange } from '../network/paths/peer-tracker.ts'
import type { PlanView } from '../model/generated/api-plan.ts'

export interface SubmitOptions extends AbortOptions {
  /** For a document that has no `key` of its own. @default a new one for each call */
  key?: string | undefined
  /** Called before each pause for a router that is away, or too full. */
  onPause?: (failure: MeshError) => void
}

/** What came of handing in. */
export interface Submission {
  /** One, or those of a graph in the order in which they can run. */
  jobs: JobView[]
  /** False when the key had been submitted before: then the job is that one. */
  isNew: boolean
}

export interface PlanOptions extends AbortOptions {
  /** Whether the decision lists all workers, however many. @default false */
  isWhole?: boolean
}

export interface WaitOptions extends AbortOptions {
  /** @default Infinity */
  timeoutMs?: number
}

export interface EventOptions extends AbortOptions {
  /** The number of the last event that was seen. @default from now on */
  after?: number | undefined
  /** Only events of this job. */
  jobId?: string | undefined
  /** Such as `job:ended`, or `job` for all of a kind. @default all */
  types?: readonly string[] | undefined
  /** Begin with a `gap` from which on everything is told: the moment to read the state. */
  startsWithGap?: boolean | undefined
}

/** As long as a router takes for the largest submission, and a little. */
const SUBMIT_TIMEOUT_MS = 150_000

/** One request of a longer wait: well below the five minutes after which `fetch` gives up. */
const WAIT_SLICE_MS = 60_000

/** What a router may be late with the answer to a wait. */
const WAIT_GRACE_MS = 30_000

/** Before asking again when a wait came back before its time. */
const WAIT_EARLY_MS = 250

/**
 * @example
 * const client = new ApiClient({ url: 'http://127.0.0.1:51880', token })
 * const { id } = await client.submit({
 *   task: { engine: 'javascript', source: 'function main (n) { return n * n }', input: 7 }
 * })
 * const job = await client.wait(id, { timeoutMs: 60_000 })
 * // job.state is 'completed', job.result is 49
 */
export class ApiClient extends JobApi {
  /**
   * Hands in a job. Once this resolves, the job is on the router's disk.
   * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the `path` in the document
   * @example
   * const job = await client.submit({ task: { engine: 'builtin', name: 'sha256', args: { text: 'hello' } } })
   */
  async submit(document: unknown, options: SubmitOptions = {}): Promise<JobView> {
    const [job] = (await this.handIn(document, options)).jobs
    if (job !== undefined) return job
    throw new MeshError('RESPONSE_INVALID', 'the router took the job, but did not say which it is')
  }

  /**
   * Hands in a job or a graph of jobs, and says whether it is new. It carries a key, so that after a lost
   * answer it is sent again without becoming two jobs.
   * @throws MeshError as `submit`, KEY_CONFLICT, NEEDS_CYCLE
   * @example
   * const { jobs, isNew } = await client.handIn({ jobs: { first, second } }, { key: 'night-of-2026-01-02' })
   */
  async handIn(document: unknown, options: SubmitOptions = {}): Promise<Submission> {
    const { key = automaticKey(newJobId(this.transport.random)), onPause, signal } = options
    const backoff = new Backoff(this.transport.clock, this.transport.random)
    for (;;) {
      /* oxlint-disable no-await-in-loop */
      try {
        const { value, status } = await this.transport.request<JobView | JobView[]>('/v1/jobs', {
          method: 'POST',
          body: document,
          headers: { 'idempotency-key': key },
          timeoutMs: SUBMIT_TIMEOUT_MS,
          signal
        })
        return { jobs: [value].flat(), isNew: status === 201 }
      } catch (cause) {
        signal?.throwIfAborted()
        const failure = MeshError.from(cause)
        if (!isCutOff(failure) && !this.transport.isTemporary(failure)) throw cause
        onPause?.(failure)
        await backoff.pause(failure, { signal })
      }
      /* oxlint-enable no-await-in-loop */
    }
  }

  /**
   * Where a job would go if it were submitted now.
   * @example
   * const { outcome, summary } = await client.plan(document)
   */
  async plan(document: unknown, options: PlanOptions = {}): Promise<PlanView> {
    const { isWhole = false, ...rest } = options
    const path = isWhole ? '/v1/jobs/plan?all=true' : '/v1/jobs/plan'
    return this.post(path, document, { ...rest, timeoutMs: SUBMIT_TIMEOUT_MS })
  }

  /**
   * Waits until a job has ended or is held, or until the time is up: then its state is another. A router
   * that restarts meanwhile is waited for.
   * @example
   * const job = await client.wait(id, { timeoutMs: 600_000 })
   */
  async wait(id: string, options: WaitOptions = {}): Promise<JobView> {
    const { timeoutMs = Infinity, ...rest } = options
    const { clock, random } = this.transport
    const endsAtMs = clock.monotonicMs() + timeoutMs
    const backoff = new Backoff(clock, random)
    for (;;) {
      const startedAtMs = clock.monotonicMs()
      const sliceMs = Math.ceil(Math.max(0, Math.min(WAIT_SLICE_MS, endsAtMs - startedAtMs)))
      // Each look waits for the one before it.
      /* oxlint-disable no-await-in-loop */
      const job = await this.#waitOnce(id, sliceMs, backoff, rest)
      const nowMs = clock.monotonicMs()
      if (job !== undefined && (isSettled(job.state) || nowMs >= endsAtMs)) return job
      if (job !== undefined && nowMs - startedAtMs < sliceMs / 2) {
        await sleepAwake(clock, Math.min(WAIT_EARLY_MS, endsAtMs - nowMs), rest)
      }
      /* oxlint-enable no-await-in-loop */
    }
  }

  /**
   * What happens to jobs, workers and connections, each with its number, for as long as anybody reads.
   * After a lost connection it goes on where it was; what is no longer remembered by then, or may have
   * been missed before the first event, is told as a `gap`: then the state is to be read anew.
   * @throws the signal's reason when it is aborted
   * @example
   * for await (const { number, type, job_id } of client.events({ types: ['job'] })) console.log(number, type, job_id)
   */
  async *events(options: EventOptions = {}): AsyncGenerator<MeshEvent, void, undefined> {
    const { after, jobId, signal, startsWithGap = false, types = [] } = options
    const query = { after, job: jobId, types }
    const signs = readStream<MeshEvent>(this.transport, { path: '/v1/events', query, signal })
    for await (const sign of signs) {
      if (sign.kind === 'event') yield sign.value
      else if (sign.isFirst ? startsWithGap : !sign.isResumed && after === undefined) {
        yield { number: 0, at_ms: this.transport.clock.wallMs(), type: 'gap' }
      }
    }
  }

  /**
   * How a job stands, as an event, and then every event of it, until it has ended.
   * @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS; the signal's reason when it is aborted
   * @example
   * for await (const { type, state, counts } of client.watch(id)) console.log(type, state, counts)
   */
  async *watch(id: string, options: AbortOptions = {}): AsyncGenerator<MeshEvent, void, undefined> {
    for await (const told of this.events({ ...options, jobId: id, startsWithGap: true })) {
      const event = told.type === 'gap' ? eventOf(await this.job(id, options), told) : told
      yield event
      if (event.type === 'job:ended') return
    }
  }

  /**
   * What an attempt has written, then what it writes, until it has ended; without `attempt` also what
   * the next ones write, until their item has ended. No entry comes twice after a lost connection.
   * @throws the signal's reason when it is aborted
   * @example
   * for await (const { entries } of client.followLog(id)) entries.forEach(({ text }) => process.stdout.write(text))
   */
  async *followLog(
    id: string,
    filter: LogFilter = {},
    options: AbortOptions = {}
  ): AsyncGenerator<LogView, void, undefined> {
    const query = { ...filter, follow: 'true' }
    const request = { path: `${jobPath(id)}/logs`, query, signal: options.signal }
    for await (const sign of readStream<LogView>(this.transport, request)) {
      if (sign.kind === 'event') yield sign.value
    }
  }

  /**
   * Each change among the connected peers, for as long as anybody reads.
   * @throws the signal's reason when it is aborted
   * @example
   * for await (const { event, peer } of client.watchPeers()) console.log(event, peer.peer_id)
   */
  async *watchPeers(options: AbortOptions = {}): AsyncGenerator<PeerChange, void, undefined> {
    for await (const event of this.events({ ...options, types: ['peer'] })) {
      const change = peerChangeOf(event)
      if (change !== undefined) yield change
    }
  }

  /** One look at a waited-for job; undefined after a pause for a router that is away. */
  async #waitOnce(
    id: string,
    sliceMs: number,
    backoff: Backoff,
    options: AbortOptions
  ): Promise<JobView | undefined> {
    try {
      const query = { timeout: `${sliceMs}ms` }
      const timeoutMs = sliceMs + WAIT_GRACE_MS
      const job = await this.get<JobView>(`${jobPath(id)}/wait`, { ...options, query, timeoutMs })
      backoff.reset()
      return job
    } catch (cause) {
      options.signal?.throwIfAborted()
      const error = MeshError.from(cause)
      if (sliceMs === 0 || !this.transport.isTemporary(error)) throw cause
      await backoff.pause(error, options)
      return undefined
    }
  }
}

const AUTOMATIC_KEY = 'auto-'

/** Told apart from keys that somebody chose: only those mean anything to people. */
export function isAutomaticKey(key: string): boolean {
  return key.startsWith(AUTOMATIC_KEY)
}

function automaticKey(unique: string): string {
  return `${AUTOMATIC_KEY}${unique}`
}

/** A state that was read, as if it had been told in place of `gap`. */
function eventOf({ counts, id, state }: JobView, gap: MeshEvent): MeshEvent {
  const type = isSettled(state) && state !== 'held' ? 'job:ended' : 'job:changed'
  return { ...gap, type, job_id: id, state, counts }
}

/** Nothing more comes by itself. */
function isSettled(state: JobView['state']): boolean {
  return state === 'completed' || state === 'failed' || state === 'stopped' || state === 'held'
}
