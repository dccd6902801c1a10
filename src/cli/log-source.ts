/** The logs that `job logs` was asked for: of one task, or of all tasks of an array job that were tried. */
import { MeshError } from '../core/errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { LogFilter } from '../client/api-jobs.ts'
import type { LogView } from '../model/generated/api-log.ts'

export async function* readLogs(
  client: ApiClient,
  job: JobView,
  filter: LogFilter,
  options: AbortOptions
): AsyncGenerator<LogView, void, undefined> {
  if (job.item_count === 1 || filter.item !== undefined) {
    yield client.log(job.id, filter, options)
    return
  }
  for await (const item of client.allItems(job.id, {}, options)) {
    if (item.attempts > 0) yield client.log(job.id, { ...filter, item: item.id }, options)
  }
}

/** @throws MeshError FIELD_MISSING if it is not clear whose log */
export function followLog(
  client: ApiClient,
  job: JobView,
  filter: LogFilter,
  options: AbortOptions
): AsyncGenerator<LogView, void, undefined> {
  if (job.item_count === 1 || filter.item !== undefined) {
    return client.followLog(job.id, filter, options)
  }
  throw new MeshError(
    'FIELD_MISSING',
    `${job.id} has ${job.item_count} tasks; follow one of them`,
    {
      path: '--item',
      hint: `name one with --item; taskmesh job items ${job.id} lists them`
    }
  )
}

/** When attempts began, asked once for each: the times in a log count from there. */
export class AttemptStarts {
  readonly #client: ApiClient
  readonly #options: AbortOptions
  readonly #known = new Map<string, number>()

  constructor(client: ApiClient, options: AbortOptions) {
    this.#client = client
    this.#options = options
  }

  /** In milliseconds since 1970. */
  async of({ attempt, item, job_id: jobId }: LogView): Promise<number> {
    const key = `${attempt} ${item}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const attempts = await this.#client.attempts(jobId, { item }, this.#options)
    const found = attempts.find(({ attempt: number }) => number === attempt)
    const running = found?.history.find(({ state }) => state === 'running')
    const startMs = running?.at_ms ?? found?.offered_at_ms ?? 0
    this.#known.set(key, startMs)
    return startMs
  }
}
