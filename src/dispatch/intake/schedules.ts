/**
 * Jobs by cron: each time that one falls due it makes a new job out of its document. The new job and the
 * schedule's next time are stored together, and the job's key names the time, so that no crash makes two.
 */
import { assert } from '../../core/assert.ts'
import { fired } from './pending-steps.ts'
import { isTerminal } from '../../jobs/records.ts'
import { MeshError } from '../../core/errors.ts'
import { nextFiringMs } from '../../model/cron.ts'
import type { Admission } from './admission.ts'
import type { CronPlan } from '../../model/schedule.ts'
import type { DocumentCache } from '../document-cache.ts'
import type { JobDraft, JobLauncher } from './job-launcher.ts'
import type { JobRecord } from '../../jobs/records.ts'
import type { JobStore } from '../../jobs/store.ts'

export interface SchedulesComponents {
  admission: Admission
  documents: DocumentCache
  launcher: JobLauncher
  store: JobStore
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

/** A schedule that is due. */
export interface DueSchedule {
  record: JobRecord
  plan: CronPlan
  dueAtMs: number
  /** It fell due while the router was away. */
  isMissed: boolean
}

export interface Fired {
  /** As it is stored now. */
  schedule: JobRecord
  /** The run, on disk, if it made one. */
  draft: JobDraft | undefined
}

export class Schedules {
  readonly #components: SchedulesComponents

  constructor(components: SchedulesComponents) {
    this.#components = components
  }

  /** When it fires next, all that is past left out. */
  nextMs(plan: CronPlan): number {
    const nextMs = nextFiringMs(plan, this.#components.nowMs())
    assert(nextMs !== undefined, 'a line that fires at all, which was checked, fires again')
    return nextMs
  }

  /**
   * Makes one run, for however many were missed, or none.
   * @throws MeshError STORE_FAILED: then nothing has changed
   */
  async fire(due: DueSchedule): Promise<Fired> {
    const { nowMs, store } = this.#components
    const why = await this.#reasonAgainst(due)
    const times = { nextMs: this.nextMs(due.plan), nowMs: nowMs() }
    if (why === undefined) return await this.#run(due, times)
    const record = fired(due.record, { ...times, why })
    await store.apply([{ kind: 'job', job: record }])
    return { schedule: record, draft: undefined }
  }

  async #run(due: DueSchedule, times: { nextMs: number; nowMs: number }): Promise<Fired> {
    const { admission, launcher, store } = this.#components
    let draft: JobDraft
    let entered: (isIn: boolean) => void
    try {
      draft = await this.#draft(due)
      entered = admission.admit(draft.items.length)
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.code === 'STORE_FAILED') throw error
      // Nobody waits for an answer: the history has it, and the next time may go better.
      const record = fired(due.record, { ...times, why: error.message })
      await store.apply([{ kind: 'job', job: record }])
      return { schedule: record, draft: undefined }
    }
    const record = fired(due.record, { ...times, runId: draft.record.id })
    let isStored = false
    try {
      await store.apply([...launcher.changesOf(draft), { kind: 'job', job: record }])
      isStored = true
    } finally {
      entered(isStored)
    }
    launcher.stored(draft)
    return { schedule: record, draft }
  }

  async #reasonAgainst({
    dueAtMs,
    isMissed,
    plan,
    record
  }: DueSchedule): Promise<string | undefined> {
    const { store } = this.#components
    if (isMissed && plan.missed === 'skip') return 'the router was away at its time'
    // The store may have taken a run without being able to say so.
    const same = await store.jobByKey(record.submitter, runKey(record.id, dueAtMs))
    if (same !== undefined) return `it had run already: ${same.id}`
    if (plan.overlap === 'allow') return undefined
    const [last] = await store.jobs({ parentId: record.id, limit: 1 })
    const isOpen = last !== undefined && !isTerminal(last.state)
    return isOpen ? `${last.id}, the run before, has not ended` : undefined
  }

  async #draft({ dueAtMs, record }: DueSchedule): Promise<JobDraft> {
    const { documents, launcher } = this.#components
    const document = { ...(await documents.document(record.id)), key: runKey(record.id, dueAtMs) }
    delete document.schedule
    return launcher.draft(document, { submitter: record.submitter, parentId: record.id })
  }
}

function runKey(scheduleId: string, dueAtMs: number): string {
  return `${scheduleId}@${new Date(dueAtMs).toISOString()}`
}
