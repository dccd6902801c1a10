/** What may happen to a job before it is queued, as pure functions: new records come out. */
import { emptyCounts, withState } from '../../jobs/state.ts'
import { MeshError } from '../../core/errors.ts'
import { withTransition } from '../../jobs/records.ts'
import type { Cause, Ending, ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { Need } from '../../model/job-inputs.ts'
import type { StepContext } from '../../jobs/state.ts'

/** It has waited long enough. @param items what it consists of, which may be known only now */
export function begun(
  job: JobRecord,
  items: readonly ItemRecord[],
  context: StepContext
): JobRecord {
  const hadTime = job.dueAtMs !== null
  const reason = job.needs.length > 0 ? 'NEEDS_MET' : hadTime ? 'TIME_CAME' : 'INPUTS_CAME'
  const itemCount = items.length
  const counts = { ...emptyCounts(), queued: itemCount }
  return withState({ ...job, itemCount, counts }, 'queued', { by: 'router', reason }, context)
}

/** It ends without ever having begun, with all its items. */
export function endedPending(
  job: JobRecord,
  items: readonly ItemRecord[],
  { context, ending }: { context: StepContext; ending: Ending }
): { job: JobRecord; items: ItemRecord[] } {
  const { cause, error, state } = ending
  const counts = { ...emptyCounts(), [state]: job.itemCount }
  return {
    job: withState({ ...job, counts, error, isOnHold: false }, state, cause, context),
    items: items.map((item) => ({ ...item, state, error, endedAtMs: context.nowMs }))
  }
}

export function heldPending(job: JobRecord, cause: Cause, context: StepContext): JobRecord {
  return withState({ ...job, isOnHold: true }, 'held', cause, context)
}

/** @param dueAtMs of a schedule: when it fires next; what fell due while it was held is left out */
export function releasedPending(
  job: JobRecord,
  { cause, dueAtMs = job.dueAtMs }: { cause: Cause; dueAtMs?: number | null },
  context: StepContext
): JobRecord {
  return withState({ ...job, isOnHold: false, dueAtMs }, 'pending', cause, context)
}

/** A schedule fell due: it made a run, or says why not. */
export function fired(
  job: JobRecord,
  { nextMs, nowMs, runId, why }: { nextMs: number; nowMs: number; runId?: string; why?: string }
): JobRecord {
  const text = runId ?? why
  const transition = {
    state: job.state,
    atMs: nowMs,
    by: 'router',
    reason: runId === undefined ? ('SCHEDULE_SKIPPED' as const) : ('SCHEDULE_FIRED' as const),
    ...(text === undefined ? {} : { text })
  }
  return { ...job, dueAtMs: nextMs, history: withTransition(job.history, transition) }
}

/** Something that people should know happened while it waits. */
export function noted(job: JobRecord, cause: Cause, nowMs: number): JobRecord {
  const transition = { ...cause, state: job.state, atMs: nowMs }
  return { ...job, history: withTransition(job.history, transition) }
}

/** Why a job fails of which a need cannot be met any more. @param need undefined when nobody knows it any more */
export function needFailed({ job: needId, path }: Need, need: JobRecord | undefined): MeshError {
  const hint = `run ${needId} again with \`taskmesh job rerun\`, and submit this job with the new id in needs`
  if (need === undefined) {
    const message = `it needs ${needId}, which is not there any more`
    return new MeshError('NEED_FAILED', message, { path, hint })
  }
  const who = need.name === null ? needId : `${needId} (${need.name})`
  const what = need.state === 'stopped' ? 'was stopped' : 'failed'
  const why = need.error === null ? '' : `: ${need.error.message}`
  return new MeshError('NEED_FAILED', `it needs ${who}, which ${what}${why}`, { path, hint })
}
