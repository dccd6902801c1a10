/**
 * Copies of what tasks left at their workers, made by the router for itself in the background, so that
 * results outlive the workers that made them. Nothing waits for it. What did not come is tried again for
 * a while; a router that starts anew looks at its newest jobs for what it has not copied yet.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Timetable } from '../core/timetable.ts'
import { compileSpec } from '../model/job.ts'
import { withTimeLimit } from '../core/abort.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../jobs/records.ts'
import type { Clock } from '../core/clock.ts'
import type { FileCopies, FileCopy } from './ports.ts'
import type { JobPlan, OutputFile } from '../model/job.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Startable } from '../core/startable.ts'

export interface OutputCopiesComponents {
  clock: Clock
  copies: FileCopies
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  store: Pick<JobStore, 'items' | 'jobs'>
}

/** A file to be copied, which waits for its turn, is being copied, or waits to be tried again. */
interface Wanted {
  copy: FileCopy
  tryCount: number
}

/** Few, as tasks' inputs and people's downloads come over the same line. */
const AT_ONCE_MAX = 4
const COPY_TIMEOUT_MS = 600_000
/** From five seconds doubling to ten minutes: over an hour in all, longer than a worker restarts. */
const TRIES_MAX = 14
const AGAIN_MS = 5_000
const AGAIN_MS_MAX = 600_000
/** Jobs that a new start looks at: older ones had their time. */
const RESUMED_JOBS_MAX = 500

export class OutputCopies implements Startable {
  readonly #components: OutputCopiesComponents
  readonly #controller = new AbortController()
  /** All of them, by file and job. */
  readonly #wanted = new Map<string, Wanted>()
  /** Those whose turn may come, in their order. */
  readonly #waiting = new Set<Wanted>()
  readonly #running = new Set<Promise<void>>()
  readonly #again: Timetable<Wanted>
  #leftOutCount = 0

  constructor(components: OutputCopiesComponents) {
    this.#components = components
    this.#again = new Timetable({ ...components, onDue: (wanted) => this.#queue(wanted) })
  }

  /** Goes on with what an earlier life of this router may not have copied. */
  async start(): Promise<void> {
    this.#run(this.#resume())
  }

  async stop(): Promise<void> {
    this.#controller.abort(new MeshError('STOPPING', 'the router is stopping'))
    this.#again.clear()
    this.#waiting.clear()
    await Promise.all(this.#running)
  }

  /** Copies what an item left that has ended. Returns at once. */
  itemEnded(job: { record: JobRecord; plan: JobPlan }, item: ItemRecord): void {
    const { outputFile, outputs } = item
    if (outputFile === null && outputs === null) return
    const untilMs = latestEndMs(job) + job.plan.keep.resultMs
    for (const copy of copiesOf(item, untilMs)) this.#take(copy)
  }

  /** Copies the whole log of an attempt that has ended, where that is a file. Returns at once. */
  attemptEnded(job: { record: JobRecord; plan: JobPlan }, attempt: AttemptRecord): void {
    const { jobId, logFile: file, workerId } = attempt
    if (file === null) return
    const untilMs = latestEndMs(job) + job.plan.keep.logsMs
    this.#take({ file, peers: [workerId], untilMs, jobId })
  }

  #take(copy: FileCopy): void {
    const { logger, nowMs } = this.#components
    if (copy.file.size > LIMITS.outputCopyBytesMax || copy.untilMs <= nowMs()) return
    const key = `${copy.jobId} ${copy.file.file}`
    if (this.#wanted.has(key)) return
    if (this.#wanted.size >= LIMITS.outputCopiesMax) {
      this.#leftOutCount += 1
      // The first tells that it begins; a line for each of thousands would tell no more.
      if (this.#leftOutCount === 1) logger.warn({ jobId: copy.jobId }, 'too many outputs to copy')
      return
    }
    const wanted = { copy, tryCount: 0 }
    this.#wanted.set(key, wanted)
    this.#queue(wanted)
  }

  #queue(wanted: Wanted): void {
    this.#waiting.add(wanted)
    this.#begin()
  }

  #begin(): void {
    for (const wanted of this.#waiting) {
      if (this.#running.size >= AT_ONCE_MAX || this.#controller.signal.aborted) return
      this.#waiting.delete(wanted)
      this.#run(this.#copy(wanted))
    }
  }

  #run(work: Promise<void>): void {
    const running = work.finally(() => {
      this.#running.delete(running)
      this.#begin()
    })
    this.#running.add(running)
  }

  /** Never rejects. */
  async #copy(wanted: Wanted): Promise<void> {
    const { clock, copies } = this.#components
    const { copy } = wanted
    const message = `no copy of ${copy.file.file} came in time`
    const { signal } = this.#controller
    wanted.tryCount += 1
    try {
      await withTimeLimit(
        { clock, timeoutMs: COPY_TIMEOUT_MS, code: 'FILE_UNAVAILABLE', message, signal },
        async (limited) => await copies.fetch(copy, { signal: limited })
      )
      this.#forget(copy)
    } catch (cause) {
      if (!signal.aborted) this.#failed(wanted, cause)
    }
  }

  #failed(wanted: Wanted, cause: unknown): void {
    const { logger, nowMs } = this.#components
    const { copy, tryCount } = wanted
    const delayMs = Math.min(AGAIN_MS_MAX, AGAIN_MS * 2 ** (tryCount - 1))
    const againMs = nowMs() + delayMs
    const { retryable } = MeshError.from(cause)
    if (retryable && tryCount < TRIES_MAX && againMs < copy.untilMs) {
      this.#again.set(wanted, againMs)
      return
    }
    const fields = { jobId: copy.jobId, fileId: copy.file.file, tryCount, err: cause }
    logger.warn(
      fields,
      'an output was not copied; it is where it was made, for as long as that is there'
    )
    this.#forget(copy)
  }

  #forget({ file: { file }, jobId }: FileCopy): void {
    this.#wanted.delete(`${jobId} ${file}`)
    if (this.#wanted.size === 0) this.#leftOutCount = 0
  }

  /** Never rejects. What is here already costs a look. */
  async #resume(): Promise<void> {
    const { logger, store } = this.#components
    try {
      for (const record of await store.jobs({ limit: RESUMED_JOBS_MAX })) {
        if (this.#controller.signal.aborted) return
        const filter = { state: 'completed', limit: LIMITS.pageRowsMax } as const
        // oxlint-disable-next-line no-await-in-loop -- nothing waits for it, and others do for the store
        const items = await store.items(record.id, filter)
        const plan = compileSpec(record.spec)
        for (const item of items) this.itemEnded({ record, plan }, item)
      }
    } catch (cause) {
      logger.warn({ err: cause }, 'outputs of earlier jobs could not be looked up')
    }
  }
}

function copiesOf(item: ItemRecord, untilMs: number): FileCopy[] {
  const { jobId, outputFile, outputs, reusedFrom, workerId } = item
  const maker = workerId ?? reusedFrom?.workerId ?? null
  const files: OutputFile[] = [...(outputs ?? []), ...(outputFile === null ? [] : [outputFile])]
  return files.map((file) => ({ file, peers: maker === null ? [] : [maker], untilMs, jobId }))
}

/** A job is kept from its end on; of one that goes on, that comes with its total time at the latest. */
function latestEndMs({ plan, record }: { record: JobRecord; plan: JobPlan }): number {
  return record.endedAtMs ?? (record.queuedAtMs ?? record.createdAtMs) + plan.timeouts.totalMs
}
