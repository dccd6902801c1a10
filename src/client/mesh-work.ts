/**
 * What a program has the mesh do and wants to know of it, whichever way it came: the half of `MeshClient` that is the same in
 * Node.js and in a browser's tab, by libp2p and by HTTP.
 */
import { MeshError } from '../core/errors.ts'
import { MeshFiles } from './mesh-files.ts'
import { failureOf, mapItems } from './map-items.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { AnyJson, JobView } from '../model/generated/api-job.ts'
import type { ApiClient, SubmitOptions, WaitOptions } from './api-client.ts'
import type { AttemptFilter, LogFilter } from './api-jobs.ts'
import type { JobDocument } from '../model/generated/job.ts'
import type { LogView } from '../model/generated/api-log.ts'
import type { MapOptions, MapSource, Mapped } from './map-items.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { NodeFilter } from '../model/worker-list.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { ReceiptView } from '../model/generated/api-receipt.ts'
import type { ReputationView } from '../model/generated/api-reputation.ts'

/** Gives the router's API; finds a router the first time, if none was named. */
export type RouterReach = (options: AbortOptions) => Promise<ApiClient>

export class MeshWork {
  /** Files of the mesh: `put`, `get`, `bytes`, `list`. */
  readonly files: MeshFiles
  readonly #reach: RouterReach
  #api: Promise<ApiClient> | undefined

  constructor(reach: RouterReach) {
    this.#reach = reach
    this.files = new MeshFiles((options) => this.api(options))
  }

  /**
   * All that the router's API offers. The router is the same for as long as the client lives: its jobs are there.
   * @throws MeshError PEER_UNREACHABLE where no router is found
   * @example
   * const { status, workers_ready } = await (await client.api()).health()
   */
  async api(options: AbortOptions = {}): Promise<ApiClient> {
    this.#api ??= this.#reach(options)
    try {
      return await this.#api
    } catch (cause) {
      this.#api = undefined
      throw cause
    }
  }

  /**
   * Hands in a job. Once this resolves, it is on the router's disk. A lost answer does not make two of it.
   * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the `path` in the document
   * @example
   * const { id } = await client.submit({ task: { engine: 'builtin', name: 'sha256', args: { text: 'hello' } } })
   */
  async submit(document: JobDocument, options: SubmitOptions = {}): Promise<JobView> {
    return await (await this.api(options)).submit(document, options)
  }

  /**
   * Hands in a job, waits for it, and gives its result.
   * @throws MeshError as `submit`; what the task failed with; TASK_STOPPED
   * @example
   * const answer = await client.run({ task: { engine: 'javascript', source: 'function main (n) { return n * n }', input: 7 } })
   */
  async run(document: JobDocument, options: SubmitOptions = {}): Promise<AnyJson | undefined> {
    const { id } = await this.submit(document, options)
    const { error, result, state } = await this.wait(id, options)
    if (state !== 'completed') throw failureOf(error, state, id)
    return result
  }

  /**
   * Waits until a job has ended or is held, or until the time is up. A router that restarts meanwhile is waited for.
   * @example
   * const { state, result } = await client.wait(id, { timeoutMs: 600_000 })
   */
  async wait(id: string, options: WaitOptions = {}): Promise<JobView> {
    return await (await this.api(options)).wait(id, options)
  }

  /**
   * Does the same with every item of a list, a stream or any other iterable: so many at a time, and no more of them in memory.
   * Leaving the loop stops what is still on its way.
   * @throws MeshError what an item failed with, unless `failures: 'yield'`
   * @example
   * const source = 'function main (text) { return text.split(" ").length }'
   * for await (const { item, result } of client.map<string, number>(source, lines, { concurrency: 8 })) {
   *   console.log(item, result)
   * }
   */
  async *map<I = AnyJson, R = AnyJson>(
    source: MapSource,
    items: AsyncIterable<I> | Iterable<I>,
    options: MapOptions = {}
  ): AsyncGenerator<Mapped<I, R>, void, undefined> {
    yield* mapItems<I, R>(await this.api(options), source, items, options)
  }

  /**
   * How a job stands, as an event, and then every event of it, until it has ended.
   * @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS; the signal's reason
   * @example
   * for await (const { type, state, counts } of client.watch(id)) console.log(type, state, counts)
   */
  async *watch(id: string, options: AbortOptions = {}): AsyncGenerator<MeshEvent, void, undefined> {
    yield* (await this.api(options)).watch(id, options)
  }

  /**
   * What a job's task has written, then what it writes, until it has ended.
   * @example
   * for await (const { entries } of client.logs(id)) entries.forEach(({ text }) => process.stdout.write(text))
   */
  async *logs(
    id: string,
    filter: LogFilter = {},
    options: AbortOptions = {}
  ): AsyncGenerator<LogView, void, undefined> {
    yield* (await this.api(options)).followLog(id, filter, options)
  }

  /**
   * Stops a job.
   * @throws MeshError JOB_ENDED if it has ended already
   * @example
   * await client.stop(id, 'wrong input')
   */
  async stop(id: string, reason?: string, options: AbortOptions = {}): Promise<JobView> {
    return await (await this.api(options)).stop(id, reason, options)
  }

  /**
   * The workers that the router knows, best score first.
   * @example
   * const homes = await client.nodes({ require: ['zone = home'], state: 'ready' })
   */
  async nodes(filter: NodeFilter = {}, options: AbortOptions = {}): Promise<NodeView[]> {
    return await (await this.api(options)).nodes(filter, options)
  }

  /**
   * What the router has seen of its workers, the best first; or of one.
   * @example
   * const [best] = await client.reputation()
   */
  async reputation(peer?: string, options: AbortOptions = {}): Promise<ReputationView[]> {
    const api = await this.api(options)
    return peer === undefined
      ? await api.reputation(options)
      : [await api.reputationOf(peer, options)]
  }

  /**
   * What routers and workers have signed of a job's attempts. `openProof` checks it without anybody's help.
   * @example
   * for (const { order, receipt } of await client.receipts(id)) console.log(order, receipt)
   */
  async receipts(
    id: string,
    filter: AttemptFilter & { attempt?: number | undefined } = {},
    options: AbortOptions = {}
  ): Promise<ReceiptView[]> {
    return await (await this.api(options)).receipts(id, filter, options)
  }
}

/** Of a client that asks one router by HTTP. */
export function notAPeer(what: string): MeshError {
  return new MeshError(
    'CONFIG_INVALID',
    `a client of an HTTP API is no peer of the mesh: no ${what}`,
    {
      hint: "connect by libp2p instead: MeshClient.connect(['/ip4/…/tcp/51820'], 'default')"
    }
  )
}
