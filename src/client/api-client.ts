/**
 * A router's HTTP API as a typed object: what the command line, the dashboard and programs use. Every
 * refusal is a `MeshError` with the router's own code, path and hint.
 */
import { systemClock } from '../core/clock.ts'
import { MeshError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { systemRandom } from '../core/random.ts'
import { Backoff, sleepAwake } from './api-backoff.ts'
import { ApiTransport } from './api-transport.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { HealthView } from '../model/generated/api-health.ts'
import type { JobEvent } from '../model/generated/api-job-event.ts'
import type { AttemptView, ItemView, JobView } from '../model/generated/api-job.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { PeerEvent } from '../model/generated/api-peer-event.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { PlanView } from '../model/generated/api-plan.ts'
import type { ReputationView } from '../model/generated/api-reputation.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'

export interface ApiClientInit {
  /** Such as `http://127.0.0.1:51880`. */
  url: string
  token?: string | undefined
}

export interface ApiClientComponents {
  fetch?: typeof globalThis.fetch
  clock?: Clock
  random?: Random
}

export interface JobFilter {
  state?: JobView['state'] | undefined
  labels?: Readonly<Record<string, string>> | undefined
  /** Only jobs older than the one with this id. */
  after?: string | undefined
  /** @default 100 */
  limit?: number | undefined
}

export interface ItemFilter {
  state?: ItemView['state'] | undefined
  /** Only items with an index above this. */
  after?: number | undefined
  /** @default 100 */
  limit?: number | undefined
}

export interface AttemptFilter {
  item?: string | undefined
  after?: number | undefined
  limit?: number | undefined
}

export interface WaitOptions extends AbortOptions {
  /** @default Infinity */
  timeoutMs?: number
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
export class ApiClient {
  readonly #transport: ApiTransport
  readonly #clock: Clock
  readonly #random: Random

  /** @throws MeshError CONFIG_INVALID if `url` is no address */
  constructor(init: ApiClientInit, components: ApiClientComponents = {}) {
    this.#clock = components.clock ?? systemClock
    this.#random = components.random ?? systemRandom
    this.#transport = new ApiTransport({
      url: init.url,
      token: init.token,
      fetch: components.fetch ?? globalThis.fetch,
      clock: this.#clock,
      random: this.#random
    })
  }

  /**
   * Hands in a job. Once this resolves, the job is on the router's disk.
   * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the `path` in the document
   * @example
   * const job = await client.submit({ task: { engine: 'builtin', name: 'sha256', args: { text: 'hello' } } })
   */
  async submit(document: unknown, options: AbortOptions = {}): Promise<JobView> {
    return this.#post('/v1/jobs', document, { ...options, timeoutMs: SUBMIT_TIMEOUT_MS })
  }

  /**
   * Where a job would go if it were submitted now.
   * @example
   * const { outcome, summary } = await client.plan(document)
   */
  async plan(document: unknown, options: AbortOptions = {}): Promise<PlanView> {
    return this.#post('/v1/jobs/plan', document, { ...options, timeoutMs: SUBMIT_TIMEOUT_MS })
  }

  /**
   * One job, by any unique beginning of its id.
   * @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { state, result } = await client.job('j-7m2k')
   */
  async job(id: string, options: AbortOptions = {}): Promise<JobView> {
    return this.#get(jobPath(id), options)
  }

  /**
   * Jobs, newest first.
   * @example
   * const running = await client.jobs({ state: 'running', labels: { team: 'media' } })
   */
  async jobs(filter: JobFilter = {}, options: AbortOptions = {}): Promise<JobView[]> {
    const { labels = {}, state, after, limit } = filter
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    return this.#get('/v1/jobs', { ...options, query: { state, label, after, limit } })
  }

  /**
   * Waits until a job has ended, or until the time is up: then its state is not terminal. A router that
   * restarts meanwhile is waited for.
   * @example
   * const job = await client.wait(id, { timeoutMs: 600_000 })
   */
  async wait(id: string, options: WaitOptions = {}): Promise<JobView> {
    const { timeoutMs = Infinity, ...rest } = options
    const endsAtMs = this.#clock.monotonicMs() + timeoutMs
    const backoff = new Backoff(this.#clock, this.#random)
    for (;;) {
      const startedAtMs = this.#clock.monotonicMs()
      const sliceMs = Math.ceil(Math.max(0, Math.min(WAIT_SLICE_MS, endsAtMs - startedAtMs)))
      // Each look waits for the one before it.
      /* oxlint-disable no-await-in-loop */
      const job = await this.#waitOnce(id, sliceMs, backoff, rest)
      const nowMs = this.#clock.monotonicMs()
      if (job !== undefined && (isTerminal(job.state) || nowMs >= endsAtMs)) return job
      if (job !== undefined && nowMs - startedAtMs < sliceMs / 2) {
        await sleepAwake(this.#clock, Math.min(WAIT_EARLY_MS, endsAtMs - nowMs), rest)
      }
      /* oxlint-enable no-await-in-loop */
    }
  }

  /**
   * One page of a job's items, with their results. A page of large results may end before `limit`.
   * @example
   * const failed = await client.items(id, { state: 'failed', limit: 20 })
   */
  async items(
    id: string,
    filter: ItemFilter = {},
    options: AbortOptions = {}
  ): Promise<ItemView[]> {
    return this.#get(`${jobPath(id)}/items`, { ...options, query: { ...filter } })
  }

  /**
   * All items of a job in their order, fetched page by page as they are read.
   * @example
   * for await (const item of client.allItems(id)) console.log(item.id, item.result)
   */
  async *allItems(
    id: string,
    filter: ItemFilter = {},
    options: AbortOptions = {}
  ): AsyncGenerator<ItemView, void, undefined> {
    let after = filter.after
    for (let hasMore = true; hasMore;) {
      // A page is asked for when the one before it has been read.
      // oxlint-disable-next-line no-await-in-loop
      const { value: page, headers } = await this.#transport.request<ItemView[]>(
        `${jobPath(id)}/items`,
        { ...options, query: { limit: LIMITS.pageRowsMax, ...filter, after } }
      )
      yield* page
      after = page.at(-1)?.index
      hasMore = after !== undefined && headers.get('link')?.includes('rel="next"') === true
    }
  }

  /**
   * Every time that an item of the job was sent to a worker, and what came of it.
   * @example
   * const attempts = await client.attempts(id, { item: 'a' })
   */
  async attempts(
    id: string,
    filter: AttemptFilter = {},
    options: AbortOptions = {}
  ): Promise<AttemptView[]> {
    return this.#get(`${jobPath(id)}/attempts`, { ...options, query: { ...filter } })
  }

  /**
   * Why an attempt went where it went: the last one, unless `attempt` names another.
   * @example
   * const { chosen, candidates } = await client.explain(id)
   */
  async explain(
    id: string,
    which: { item?: string | undefined; attempt?: number | undefined } = {},
    options: AbortOptions = {}
  ): Promise<DecisionRecord> {
    return this.#get(`${jobPath(id)}/explain`, { ...options, query: which })
  }

  /**
   * Stops a job.
   * @throws MeshError JOB_ENDED if it has ended already
   * @example
   * await client.stop(id, 'wrong input')
   */
  async stop(id: string, reason?: string, options: AbortOptions = {}): Promise<JobView> {
    return this.#post(`${jobPath(id)}/stop`, reason === undefined ? {} : { reason }, options)
  }

  /**
   * The job's state now and after each change, until it has ended. A slow reader gets the latest state
   * rather than every step; after a lost connection the current state may come again.
   * @throws the signal's reason when it is aborted
   * @example
   * for await (const { state, counts } of client.watch(id)) console.log(state, counts.completed)
   */
  async *watch(id: string, options: AbortOptions = {}): AsyncGenerator<JobEvent, void, undefined> {
    for await (const event of this.#transport.events<JobEvent>(`${jobPath(id)}/events`, options)) {
      yield event
      if (isTerminal(event.state)) return
    }
  }

  /**
   * The workers that the router knows.
   * @example
   * const homes = await client.nodes({ require: ['zone = home'] })
   */
  async nodes(
    filter: { require?: readonly string[] | undefined } = {},
    options: AbortOptions = {}
  ): Promise<NodeView[]> {
    return this.#get('/v1/nodes', { ...options, query: filter })
  }

  /**
   * One worker, by any unique beginning or end of its PeerId.
   * @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { state, labels } = await client.node('YkzB')
   */
  async node(peer: string, options: AbortOptions = {}): Promise<NodeView> {
    return this.#get(`/v1/nodes/${encodeURIComponent(peer)}`, options)
  }

  /**
   * The peers that the router is connected to.
   * @example
   * const relayed = (await client.peers()).filter(({ path }) => path === 'relayed')
   */
  async peers(options: AbortOptions = {}): Promise<PeerView[]> {
    return this.#get('/v1/peers', options)
  }

  /**
   * Each change among the connected peers, for as long as anybody reads. What changed while a connection
   * was lost is not told afterwards; `peers()` says how things are.
   * @throws the signal's reason when it is aborted
   * @example
   * for await (const { event, peer } of client.watchPeers()) console.log(event, peer.peer_id)
   */
  watchPeers(options: AbortOptions = {}): AsyncGenerator<PeerEvent, void, undefined> {
    return this.#transport.events<PeerEvent>('/v1/peers/events', options)
  }

  /**
   * What the router has seen of each worker.
   * @example
   * const best = (await client.reputation()).toSorted((a, b) => b.reputation - a.reputation)[0]
   */
  async reputation(options: AbortOptions = {}): Promise<ReputationView[]> {
    return this.#get('/v1/reputation', options)
  }

  /**
   * What the router has seen of one worker.
   * @example
   * const { reputation, evidence } = await client.reputationOf(peerId)
   */
  async reputationOf(peer: string, options: AbortOptions = {}): Promise<ReputationView> {
    return this.#get(`/v1/reputation/${encodeURIComponent(peer)}`, options)
  }

  /**
   * Whether the router can do its work. Needs no token.
   * @example
   * const { status, workers_ready } = await client.health()
   */
  async health(options: AbortOptions = {}): Promise<HealthView> {
    return this.#get('/v1/health', options)
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
      const job = await this.#get<JobView>(`${jobPath(id)}/wait`, { ...options, query, timeoutMs })
      backoff.reset()
      return job
    } catch (cause) {
      options.signal?.throwIfAborted()
      const error = MeshError.from(cause)
      if (sliceMs === 0 || !this.#transport.isTemporary(error)) throw cause
      await backoff.pause(error, options)
      return undefined
    }
  }

  async #get<T>(path: string, request: Parameters<ApiTransport['request']>[1]): Promise<T> {
    return (await this.#transport.request<T>(path, request)).value
  }

  async #post<T>(
    path: string,
    body: unknown,
    request: Parameters<ApiTransport['request']>[1]
  ): Promise<T> {
    return (await this.#transport.request<T>(path, { ...request, method: 'POST', body })).value
  }
}

function jobPath(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`
}

function isTerminal(state: JobView['state']): boolean {
  return state === 'completed' || state === 'failed' || state === 'stopped'
}
