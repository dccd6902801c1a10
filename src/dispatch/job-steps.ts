/**
 * Lets things happen to jobs in hand: steps their records, has them written, and tells. What has ended is
 * told only once it is in the store. It decides neither what happens nor when.
 */
import { isTerminal } from '../jobs/records.ts'
import { MeshError } from '../core/errors.ts'
import type { ActiveJob } from './active-job.ts'
import type { Attempt } from './attempt.ts'
import type { ItemEvent } from '../jobs/item-state.ts'
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
  /** Called with the end of an attempt that its item does not wait for any more. */
  onAttempt: (attempt: AttemptRecord, item: ItemRecord, isNewState: boolean) => void
  /** Items have changed, and so many of them ended without having been sent. */
  onStepped: (job: ActiveJob, endedCount: number) => void
  /** An item waits for a worker, from so many milliseconds on. */
  onWaiting: (job: ActiveJob, index: number, delayMs: number) => void
  /** An item has results that wait for their checks, and those may know more after so many milliseconds. */
  onReview: (job: ActiveJob, index: number, delayMs: number) => void
  /** Nobody waits for these any more, and that is stored. */
  onDropped: (attempts: readonly Attempt[]) => void
  /** The job has ended, and that is stored. */
  onEndStored: (job: ActiveJob) => void
}

/** An item that has just ended, with what it gave. */
export interface FinishedItem {
  item: ItemRecord
  output: string | null
  /** Whether the attempt that stands for it wrote anything. */
  hasLog: boolean
}

/** What comes with an event of one item. */
export interface Happening {
  /** An attempt whose end that is. */
  ended?: AttemptRecord | undefined
  /** What the item gives, where that completes it. */
  output?: string | null
  hasLog?: boolean
  /** Before what follows for the item. */
  delayMs?: number
}

/** An item that has changed, and what is to be written of attempts that it let go of. */
interface Stepped {
  item: ItemRecord
  dropped: readonly Attempt[]
  rows: StoreChange[]
}

export class JobSteps {
  readonly #components: JobStepsComponents

  constructor(components: JobStepsComponents) {
    this.#components = components
  }

  /** Lets something happen to an item, writes it, and tells. Says whether it is stored. */
  async advance(
    job: ActiveJob,
    index: number,
    event: ItemEvent,
    happening: Happening = {}
  ): Promise<boolean> {
    const { nowMs, onChanged, onDropped, onStepped, writer } = this.#components
    const { delayMs = 0, ended, hasLog = false, output = null } = happening
    const own: StoreChange[] = ended === undefined ? [] : [{ kind: 'attempt', attempt: ended }]
    const stepped = this.#step(job, index, event, delayMs)
    if (stepped === undefined) {
      return own.length === 0 || (await writer.writeSurely(job, () => own))
    }
    const { dropped, item, rows } = stepped
    // Up to now it ran, or was held.
    if (ended !== undefined && ended.state !== 'refused') job.waitingSinceMs = nowMs()
    onStepped(job, 0)
    const attempts = [...own, ...rows]
    if (isTerminal(item.state)) {
      // What came to its end before its result was believed gives none.
      const given = item.state === 'completed' ? output : null
      const isStored = await this.#end(job, { item, output: given, hasLog }, attempts)
      if (isStored) onDropped(dropped)
      return isStored
    }
    const isStored = await writer.writeSurely(job, () => [...attempts, ...rowsOf(job, item)])
    if (isStored) onDropped(dropped)
    onChanged(job)
    return isStored
  }

  /** Has an item that waits take the result of an equal task. */
  async reuse(
    job: ActiveJob,
    index: number,
    { files, from, output }: EarlierResult
  ): Promise<void> {
    await this.advance(job, index, { kind: 'reused', from, files }, { output })
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
    const { onChanged, onDropped, writer } = this.#components
    const all = job.items().flatMap(({ index }) => this.#step(job, index, event, 0) ?? [])
    const ended = all.filter(({ item }) => isTerminal(item.state))
    const dropped = all.flatMap((one) => one.dropped)
    this.#components.onStepped(job, ended.length)
    const changes = (): StoreChange[] =>
      all.flatMap(({ item, rows }) => [...rowsOf(job, item), ...rows])
    const isLast = job.hasEnded
    const isStored = await writer.writeSurely(job, changes)
    if (isStored) onDropped(dropped)
    if (ended.length === 0) return onChanged(job)
    if (!isStored) return
    const finished = ended.map(({ item }) => ({ item, output: null, hasLog: false }))
    this.#tellEnded(job, finished, isLast)
  }

  /** What an attempt and its item are by now, even where the item counts on it no more. */
  rowsOf(attempt: Attempt): StoreChange[] {
    const { item, job, record } = attempt
    const rows = rowsOf(job, item)
    const isOpen = job.item(item.index)?.attempts.includes(attempt) === true
    return isOpen ? rows : [...rows, { kind: 'attempt', attempt: record }]
  }

  /** Steps an item and has done at once what follows; undefined when it came too late. */
  #step(job: ActiveJob, index: number, event: ItemEvent, delayMs: number): Stepped | undefined {
    const { nowMs, onAttempt, onReview, onWaiting } = this.#components
    const applied = job.apply(index, event, nowMs())
    if (applied === undefined) return undefined
    const { dropped, effects, item } = applied
    if (effects.includes('enqueue')) onWaiting(job, index, delayMs)
    if (effects.includes('review')) onReview(job, index, delayMs)
    if (effects.includes('stop-attempts')) stopAttempts(job, item)
    const rows = dropped.map((attempt): StoreChange => {
      const record = attempt.abandon(whySuperseded(item))
      onAttempt(record, item, true)
      return { kind: 'attempt', attempt: record }
    })
    return { item, dropped, rows }
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

function stopAttempts(job: ActiveJob, { ending, index }: ItemRecord): void {
  if (ending === null) return
  const error = MeshError.fromData(ending.error)
  for (const attempt of job.item(index)?.attempts ?? []) attempt.end(error, ending.killAfterMs)
}

/** Why an item needs an open attempt no more; undefined where nobody waits for its worker any longer. */
function whySuperseded({ resultAttempt, state }: ItemRecord): string | undefined {
  if (state === 'completed') return `the result of attempt ${resultAttempt} is taken`
  return state === 'failed' ? 'its item failed without it' : undefined
}

/**
 * The row of an item that changed, as it is by now, with those of its open attempts: a restart must never
 * find the one without the others. An item that has ended since is written by its end.
 */
function rowsOf(job: ActiveJob, item: ItemRecord): StoreChange[] {
  if (isTerminal(item.state)) return [{ kind: 'item', item }]
  const now = job.item(item.index)
  if (now === undefined) return []
  const attempts = now.attempts.map(({ record }) => ({ kind: 'attempt', attempt: record }) as const)
  return [{ kind: 'item', item: now.record }, ...attempts]
}
