/** For callers that wait for a job's results on one request: submits it, and gathers what its items give. */
import { formatBytes } from '../../core/units.ts'
import { deferred } from '../../core/abort.ts'
import { isAtRest, shownAttempt } from '../../jobs/records.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FinishedItem } from '../job-steps.ts'
import type { JobIntake } from './job-intake.ts'
import type { JobRecord } from '../../jobs/records.ts'
import type { JobStore } from '../../jobs/store.ts'
import type { JobWatchers } from '../views/job-watchers.ts'
import type { TraceContext } from '../../model/trace-context.ts'

export interface JobExecutionComponents {
  intake: JobIntake
  /** A job as it is now. */
  find: (jobId: string) => Promise<JobRecord | undefined>
  store: JobStore
  watchers: JobWatchers
}

/** What a job gave, for a caller that waited for it. */
export interface Executed {
  job: JobRecord
  items: FinishedItem[]
  /** What the task of a job without `each` wrote. */
  logs: string
}

/** Outputs that are read at a time. */
const OUTPUTS_AT_ONCE = 32

export class JobExecution {
  readonly #components: JobExecutionComponents

  constructor(components: JobExecutionComponents) {
    this.#components = components
  }

  /** Submits a job and waits until it has ended or is held. An aborted signal stops the waiting, not an accepted job. */
  async execute(
    value: unknown,
    submitter: string,
    options: AbortOptions & { trace?: TraceContext | undefined } = {}
  ): Promise<Executed> {
    const { find, intake, watchers } = this.#components
    const { signal, trace } = options
    signal?.throwIfAborted()
    const accepted = await intake.accept(value, { submitter, trace })
    const gathered: FinishedItem[] = []
    const room = { bytes: LIMITS.frameBytesMax }
    const { promise, resolve, reject } = deferred<JobRecord>()
    // Aborted while something else is waited for, it is told below.
    promise.catch(() => {})
    const unwatch = watchers.add(accepted.record.id, ({ finished, job }) => {
      if (finished !== undefined) gathered.push(fitting(finished, room))
      if (isAtRest(job.state)) resolve(job)
    })
    const onAbort = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      intake.begin(accepted)
      if (signal?.aborted === true) onAbort()
      // One that was submitted before may have ended before, too.
      const known = accepted.draft === undefined ? await find(accepted.record.id) : undefined
      if (known !== undefined && isAtRest(known.state)) resolve(known)
      const job = await promise
      const items = gathered.length === job.itemCount ? gathered : await this.#read(job, room)
      if (room.bytes < 0) throw tooMuch(job.id)
      return { job, items, logs: await this.#logsOf(items) }
    } finally {
      unwatch()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** What was not seen as it ended is in the store. */
  async #read(job: JobRecord, room: { bytes: number }): Promise<FinishedItem[]> {
    const { store } = this.#components
    room.bytes = LIMITS.frameBytesMax
    const items = await store.items(job.id, { limit: LIMITS.jobItemsMax })
    const read: FinishedItem[] = []
    for (let first = 0; first < items.length && room.bytes >= 0; first += OUTPUTS_AT_ONCE) {
      const some = items.slice(first, first + OUTPUTS_AT_ONCE)
      const indexes = some.map(({ index }) => index)
      // oxlint-disable-next-line no-await-in-loop -- a page is read only if those before it fit
      const outputs = await store.outputs(job.id, indexes)
      for (const item of some) {
        const finished = { item, output: outputs.get(item.index) ?? null, hasLog: true }
        read.push(fitting(finished, room))
      }
    }
    return read
  }

  async #logsOf([finished, ...others]: readonly FinishedItem[]): Promise<string> {
    if (finished?.hasLog !== true || others.length > 0) return ''
    const { index, jobId } = finished.item
    const attempt = shownAttempt(finished.item)
    const entries = await this.#components.store.log(jobId, index, attempt)
    return entries.map(({ text }) => text).join('')
  }
}

/** The item; without what it gave once there is no room for that. */
function fitting(finished: FinishedItem, room: { bytes: number }): FinishedItem {
  room.bytes -= finished.output?.length ?? 0
  return room.bytes < 0 ? { ...finished, output: null } : finished
}

function tooMuch(jobId: string): MeshError {
  return new MeshError(
    'TASK_OUTPUT_TOO_LARGE',
    `the results of ${jobId} are longer than ${formatBytes(LIMITS.frameBytesMax)} together`,
    { hint: `nothing is lost: read them page by page with \`taskmesh job items ${jobId}\`` }
  )
}
