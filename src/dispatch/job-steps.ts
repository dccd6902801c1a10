/**
 * Lets things happen to jobs in hand: steps their records, has them written, and tells. What has ended is
 * told only once it is in the store. It decides neither what happens nor when.
 */
import { isTerminal } from '../jobs/records.ts'
import { MeshError } from '../core/errors.ts'
import type { ActiveJob, Applied } from './active-job.ts'
import type { Attempt, AttemptEnd } from './attempt.ts'
import type { ItemEvent } from '../jobs/state.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { EarlierResult } from './result-cache.ts'
import type { JobWriter } from './job-writer.ts'
import type { StoreChange } from '../jobs/store.ts'

export interface JobStepsComponents {
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  writer: JobWriter
  /** Called after every change of a job; a change that ends an item only once it is in the store. */
  onChanged: (job: ActiveJob, finished?: FinishedItem) => void
  /** Items have changed, and so many of them ended without having been sent. */
  onStepped: (job: ActiveJob, endedCount: number) => void
  /** An item waits for a worker, from so many milliseconds on. */
  onWaiting: (job: ActiveJob, index: number, delayMs: number) => void
  /** Nobody waits for these any more, and that is stored. */
  onDropped: (attempts: readonly Attempt[]) => void
  /** The job has ended, and that is stored. */
  onEndStored: (job: ActiveJob) => void
}

/** An item that has just ended, with what it gave. */
export interface FinishedItem {
  item: ItemRecord
  output: string | null
  /** Whether its last attempt wrote anything. */
  hasLog: boolean
}

export class JobSteps {
  readonly #components: JobStepsComponents

  constructor(components: JobStepsComponents) {
    this.#components = components
  }

  /** Lets an attempt's end happen, writes it, and tells. Says whether it is stored. */
  async advance(
    job: ActiveJob,
    index: number,
    event: ItemEvent,
    { delayMs, end }: { end: AttemptEnd; delayMs: number }
  ): Promise<boolean> {
    const { nowMs, onChanged, writer } = this.#components
    const applied = job.apply(index, event, nowMs())
    const attempt: StoreChange = { kind: 'attempt', attempt: end.record }
    if (applied === undefined) return await writer.writeSurely(job, () => [attempt])
    const { item } = applied
    // Up to now it ran, or was held.
    if (end.record.state !== 'refused') job.waitingSinceMs = nowMs()
    this.#components.onStepped(job, 0)
    if (!isTerminal(item.state)) {
      if (item.state === 'queued') this.#components.onWaiting(job, index, delayMs)
      const isStored = await writer.writeSurely(job, () => [attempt, ...rowsOf(job, item)])
      onChanged(job)
      return isStored
    }
    const output = end.verdict.kind === 'completed' ? end.verdict.output : null
    return await this.#end(job, { item, output, hasLog: end.hasLog }, [attempt])
  }

  /** Has an item that waits take the result of an equal task. */
  async reuse(
    job: ActiveJob,
    index: number,
    { files, from, output }: EarlierResult
  ): Promise<void> {
    const event = { kind: 'reused', from, files } as const
    const applied = job.apply(index, event, this.#components.nowMs())
    if (applied === undefined) return
    this.#components.onStepped(job, 0)
    await this.#end(job, { item: applied.item, output, hasLog: false }, [])
  }

  /** Writes the end of one item, and tells. Says whether it is stored. */
  async #end(
    job: ActiveJob,
    finished: FinishedItem,
    changes: readonly StoreChange[]
  ): Promise<boolean> {
    const { item, output } = finished
    const { index: itemIndex, jobId } = item
    const all: StoreChange[] = [...changes, { kind: 'item', item }]
    if (output !== null) all.push({ kind: 'output', jobId, itemIndex, output })
    const isLast = job.hasEnded
    const isStored = await this.#components.writer.writeSurely(job, () => all)
    if (isStored) this.#tellEnded(job, [finished], isLast)
    return isStored
  }

  /** Lets the same happen to all items of a job that have not ended. Resolves once that is stored. */
  async applyToAll(job: ActiveJob, event: ItemEvent): Promise<void> {
    if (job.hasEnded) return
    const { nowMs, onChanged, onDropped, writer } = this.#components
    const changed: ItemRecord[] = []
    const dropped: Attempt[] = []
    const attempts: StoreChange[] = []
    for (const { index } of job.items()) {
      const attempt = job.item(index)?.attempt
      const applied = job.apply(index, event, nowMs())
      if (applied === undefined) continue
      changed.push(applied.item)
      const record = this.#carryOut(job, applied, attempt)
      if (record === undefined || attempt === undefined) continue
      attempts.push({ kind: 'attempt', attempt: record })
      dropped.push(attempt)
    }
    const ended = changed.filter(({ state }) => isTerminal(state))
    this.#components.onStepped(job, ended.length)
    const changes = (): StoreChange[] => [
      ...changed.flatMap((item) => rowsOf(job, item)),
      ...attempts
    ]
    if (ended.length === 0) {
      if (await writer.writeSurely(job, changes)) onDropped(dropped)
      return onChanged(job)
    }
    const isLast = job.hasEnded
    if (!(await writer.writeSurely(job, changes))) return
    onDropped(dropped)
    const finished = ended.map((item) => ({ item, output: null, hasLog: false }))
    this.#tellEnded(job, finished, isLast)
  }

  /** @returns the record of an attempt that is not waited for any more */
  #carryOut(
    job: ActiveJob,
    { effects, item }: Applied,
    attempt: Attempt | undefined
  ): AttemptRecord | undefined {
    if (effects.includes('enqueue')) this.#components.onWaiting(job, item.index, 0)
    if (effects.includes('stop-attempt') && item.ending !== null) {
      attempt?.end(MeshError.fromData(item.ending.error), item.ending.killAfterMs)
    }
    if (!effects.includes('drop-attempt') || attempt === undefined) return undefined
    job.dropAttempt(item.index)
    return attempt.abandon()
  }

  /** What an open attempt and its item are by now. */
  rowsOf({ item, job }: Attempt): StoreChange[] {
    return rowsOf(job, item)
  }

  /** Lets something happen to an item whose attempt stays open. */
  async applyToOpen({ item, job }: Attempt, event: ItemEvent): Promise<void> {
    const { nowMs, onChanged, onStepped, writer } = this.#components
    const applied = job.apply(item.index, event, nowMs())
    if (applied === undefined) return
    onStepped(job, 0)
    await writer.writeSurely(job, () => rowsOf(job, applied.item))
    onChanged(job)
  }

  /**
   * Tells of items whose ends are stored, and with the last of them, once, of the job's own end if that
   * is stored too. Until then the job stays known here.
   */
  #tellEnded(job: ActiveJob, finished: readonly FinishedItem[], isLast: boolean): void {
    const { onChanged, onEndStored } = this.#components
    for (const [index, one] of finished.entries()) {
      if (isLast && index === finished.length - 1) {
        job.markEndStored()
        onEndStored(job)
      }
      onChanged(job, one)
    }
  }
}

/**
 * The row of an item that changed, as it is by now, with that of its open attempt: a restart must never
 * find the one without the other. An item that has ended since is written by its end.
 */
function rowsOf(job: ActiveJob, item: ItemRecord): StoreChange[] {
  if (isTerminal(item.state)) return [{ kind: 'item', item }]
  const now = job.item(item.index)
  if (now === undefined) return []
  const attempt = now.attempt?.record
  return [
    { kind: 'item', item: now.record },
    ...(attempt === undefined ? [] : [{ kind: 'attempt' as const, attempt }])
  ]
}
