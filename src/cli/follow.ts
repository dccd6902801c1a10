/** Waiting for jobs: what happens to them as it comes, what they wait for when they stand, and their ends. */
import { MeshError } from '../core/errors.ts'
import { systemClock } from '../core/clock.ts'
import { isTerminal } from '../jobs/records.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'

export interface FollowOptions extends AbortOptions {
  timeoutMs?: number | undefined
  /** Enough when one of several has settled. */
  isAnyEnough?: boolean
  /** What else than the jobs' own changes to hear of: all of it would be a flood for a large array. */
  types?: readonly string[]
  onEvent?: (event: MeshEvent) => void
  /** How a job stands, first and after each change. */
  onChange?: (job: JobView) => void
  /** Why nothing of a single job runs, in words; said once for each reason. */
  onWaiting?: (reason: string) => void
}

/** Long enough that a job that starts at once says nothing. */
const WAITING_PERIOD_MS = 1_500

/** Nothing more comes of the job by itself. */
export function isSettled({ state }: Pick<JobView, 'state'>): boolean {
  return isTerminal(state) || state === 'held'
}

/**
 * Resolves when all jobs have ended or are held (or any, if that is enough), or when the time is up:
 * their states say so. In the order of `ids`, which may be beginnings of ids.
 * @throws the signal's reason
 */
export async function followJobs(
  client: ApiClient,
  ids: readonly string[],
  options: FollowOptions = {}
): Promise<JobView[]> {
  const timeUp = new AbortController()
  const { timeoutMs } = options
  const cancelTimer =
    timeoutMs === undefined ? undefined : systemClock.after(timeoutMs, () => timeUp.abort())
  const signal = AbortSignal.any([timeUp.signal, ...(options.signal ? [options.signal] : [])])
  const following = new Following(client, ids, { ...options, signal })
  const endWatch = watchWaiting(client, ids, options)
  try {
    await following.run()
  } catch (cause) {
    if (!timeUp.signal.aborted || options.signal?.aborted === true) throw cause
  } finally {
    cancelTimer?.()
    endWatch()
  }
  return following.jobs()
}

/** The same for one. */
export async function followJob(
  client: ApiClient,
  id: string,
  options: FollowOptions = {}
): Promise<JobView> {
  const [job] = await followJobs(client, [id], options)
  return job ?? (await client.job(id, { signal: options.signal }))
}

class Following {
  readonly #client: ApiClient
  readonly #ids: readonly string[]
  readonly #options: FollowOptions
  readonly #known = new Map<string, JobView>()

  constructor(client: ApiClient, ids: readonly string[], options: FollowOptions) {
    this.#client = client
    this.#ids = ids
    this.#options = options
  }

  jobs(): JobView[] {
    return [...this.#known.values()]
  }

  async run(): Promise<void> {
    const { signal, types = [] } = this.#options
    const which = {
      types: ['job', ...types],
      jobId: this.#ids.length === 1 ? this.#ids[0] : undefined
    }
    try {
      for await (const event of this.#client.events({ ...which, signal, startsWithGap: true })) {
        await this.#take(event)
        if (this.#isDone()) return
      }
    } catch (cause) {
      // A router has only so many event streams; plain waiting has no such limit.
      if (MeshError.from(cause).code !== 'TOO_MANY_REQUESTS') throw cause
      await this.#waitPlainly()
    }
  }

  async #take(event: MeshEvent): Promise<void> {
    if (event.type === 'gap') return this.#read(this.#ids)
    const known = this.#known.get(event.job_id ?? '')
    if (known === undefined) return
    this.#options.onEvent?.(event)
    if (!event.type.startsWith('job:')) return
    const { counts = known.counts, state } = event
    const job = { ...known, counts, state: (state ?? known.state) as JobView['state'] }
    if (isSettled(job)) await this.#read([job.id])
    else this.#note(job)
  }

  /** Reads what has not settled yet anew. */
  async #read(ids: readonly string[]): Promise<void> {
    const { signal } = this.#options
    for (const id of ids) {
      const known = this.#known.get(id)
      if (known !== undefined && isSettled(known)) continue
      // One after the other: a graph may have a thousand.
      // oxlint-disable-next-line no-await-in-loop
      this.#note(await this.#client.job(id, { signal }))
    }
  }

  async #waitPlainly(): Promise<void> {
    const { isAnyEnough = false, signal } = this.#options
    await this.#read(this.#ids)
    const waits = this.#ids.map(async (id) => this.#note(await this.#client.wait(id, { signal })))
    await (isAnyEnough ? Promise.race(waits) : Promise.all(waits))
  }

  #note(job: JobView): void {
    this.#known.set(job.id, job)
    this.#options.onChange?.(job)
  }

  #isDone(): boolean {
    const jobs = this.jobs()
    return this.#options.isAnyEnough === true ? jobs.some(isSettled) : jobs.every(isSettled)
  }
}

function watchWaiting(
  client: ApiClient,
  [id]: readonly string[],
  { onWaiting, signal }: FollowOptions
): () => void {
  if (onWaiting === undefined || id === undefined) return () => undefined
  let said: string | null = null
  const ask = async (): Promise<void> => {
    const { waiting_for: reason } = await client.job(id, { signal })
    if (reason !== null && reason !== said) onWaiting(reason)
    said = reason ?? said
  }
  // A router that can't answer now is the business of the watch itself.
  return systemClock.every(WAITING_PERIOD_MS, () => void ask().catch(() => undefined))
}
