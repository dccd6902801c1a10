/** The records with which a job begins. Pure. */
import { formatBytes } from '../../core/units.ts'
import { emptyCounts } from '../../jobs/state.ts'
import { NO_FILES } from '../../jobs/records.ts'
import { encodeTask, itemCount, itemId } from '../../model/job.ts'
import { taskSizes } from '../../model/task-size.ts'
import { hasWebInputs, needsOf } from '../../model/job-inputs.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import type { Demand } from '../demand.ts'
import type { ItemRecord, JobRecord, Transition } from '../../jobs/records.ts'
import type { JobDocument, JobPlan } from '../../model/job.ts'
import type { TraceContext } from '../../model/trace-context.ts'

export interface NewJobInit {
  id: string
  submitter: string
  parentId: string | null
  demand: Demand
  nowMs: number
  /** First moment at which it fires, of one by cron. */
  firstFiringMs: number | undefined
  trace?: TraceContext | undefined
  /** Known only once it begins, for `ops: every`. */
  itemCount: number
}

/** Of one unit of JavaScript's text. */
const UTF8_BYTES_PER_UNIT_MAX = 3

export function newJob(document: JobDocument, init: NewJobInit): JobRecord {
  const { demand, nowMs, submitter } = init
  const { engine, priority, schedule } = demand.plan
  const { key = null, labels = {}, name = null, share = submitter } = document
  const needs = needsOf(document).map(({ job }) => job)
  const isPending = mustWait(document, demand.plan, nowMs)
  const atMs = schedule?.kind === 'at' && isPending ? schedule.atMs : null
  return {
    id: init.id,
    name,
    state: isPending ? 'pending' : 'queued',
    engine,
    priority,
    share,
    labels,
    submitter,
    key,
    parentId: init.parentId,
    needs,
    dueAtMs: init.firstFiringMs ?? atMs,
    spec: demand.spec,
    itemCount: init.itemCount,
    counts: { ...emptyCounts(), queued: init.itemCount },
    attemptCount: 0,
    createdAtMs: nowMs,
    queuedAtMs: isPending ? null : nowMs,
    startedAtMs: null,
    endedAtMs: null,
    forgetAtMs: null,
    forgetLogsAtMs: null,
    isOnHold: false,
    error: null,
    ...(init.trace === undefined ? {} : { trace: init.trace }),
    history: firstSteps(init, isPending, {
      WAITS_FOR_NEEDS: needs.length > 0,
      WAITS_FOR_TIME: demand.plan.schedule !== undefined,
      WAITS_FOR_INPUTS: hasWebInputs(document)
    })
  }
}

/** Whether something must happen before it may be queued. */
export function mustWait(document: JobDocument, plan: JobPlan, nowMs: number): boolean {
  const { schedule } = plan
  const isLater = schedule?.kind === 'cron' || (schedule?.atMs ?? 0) > nowMs
  return isLater || needsOf(document).length > 0 || hasWebInputs(document)
}

/** One item per task of the document. */
export function newItems(jobId: string, document: JobDocument): ItemRecord[] {
  return Array.from({ length: itemCount(document) }, (_, index) =>
    newItem(jobId, index, itemId(document.each?.[index], index))
  )
}

/** One item per worker. */
export function newItemsOn(jobId: string, workers: readonly string[]): ItemRecord[] {
  return workers.map((worker, index) => ({ ...newItem(jobId, index, worker), pinnedTo: worker }))
}

/** The item of a job that never began, where it follows from the job: most jobs are of this kind. */
export function onlyItem({
  attemptCount,
  id,
  itemCount: count,
  spec,
  startedAtMs,
  state
}: JobRecord): ItemRecord | undefined {
  const isUntouched = state === 'queued' && startedAtMs === null && attemptCount === 0
  const isPlain = count === 1 && spec.each === undefined && spec.ops !== 'every'
  return isUntouched && isPlain ? newItem(id, 0, itemId(undefined, 0)) : undefined
}

/** A task that would not fit is refused now, with its path, not when its turn comes. */
export function assertFits(document: JobDocument, text: string): void {
  if (text.length > LIMITS.submissionBytesMax) {
    throw new MeshError(
      'REQUEST_TOO_LARGE',
      `the job is longer than ${formatBytes(LIMITS.submissionBytesMax)}`
    )
  }
  // A text of a third of the bytes can't be longer in UTF-8, and then no task of it is.
  if (text.length * UTF8_BYTES_PER_UNIT_MAX <= LIMITS.taskBytesMax) return
  let index = 0
  for (const bytes of taskSizes(document)) {
    // What is too long is written after all, to be refused with its place and a hint.
    if (bytes > LIMITS.taskBytesMax) encodeTask(document, index)
    index += 1
  }
}

function firstSteps(
  { nowMs, submitter }: NewJobInit,
  isPending: boolean,
  waits: Readonly<Record<'WAITS_FOR_NEEDS' | 'WAITS_FOR_TIME' | 'WAITS_FOR_INPUTS', boolean>>
): Transition[] {
  const submitted = { atMs: nowMs, by: submitter, reason: 'SUBMITTED' } as const
  if (!isPending) return [{ state: 'queued', ...submitted }]
  const reasons = (Object.keys(waits) as (keyof typeof waits)[]).filter((reason) => waits[reason])
  return [
    { state: 'pending', ...submitted },
    ...reasons.map((reason) => ({ state: 'pending', atMs: nowMs, by: 'router', reason }) as const)
  ]
}

function newItem(jobId: string, index: number, id: string): ItemRecord {
  return {
    jobId,
    index,
    id,
    state: 'queued',
    pinnedTo: null,
    attemptCount: 0,
    failureCount: 0,
    crashedOn: [],
    copies: null,
    resultAttempt: null,
    workerId: null,
    startedAtMs: null,
    endedAtMs: null,
    ending: null,
    error: null,
    ...NO_FILES,
    reusedFrom: null
  }
}
