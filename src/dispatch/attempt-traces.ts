/**
 * A job's trace as its router sees it, after it came in: how long each item waited, each attempt with its worker, the
 * result being stored. An attempt's span is named after its lease, so that a restarted router ends the one that it began.
 */
import { NO_SPAN, addSpan } from '../observe/tracing.ts'
import type { ActiveJob } from './active-job.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptRecord } from '../jobs/records.ts'
import type { Span, SpanFields, Tracer } from '../observe/tracing.ts'

export function traceQueue(
  tracer: Tracer,
  job: ActiveJob,
  record: AttemptRecord,
  sinceMs: number
): void {
  if (!tracer.isOn) return
  const init = { parent: job.record.trace, atMs: sinceMs, fields: namesOf(record) }
  addSpan(tracer, 'queue', { ...init, end: { atMs: record.offeredAtMs } })
}

export function beginAttempt(tracer: Tracer, job: ActiveJob, record: AttemptRecord): Span {
  const parent = job.record.trace
  if (!tracer.isOn) return tracer.begin('attempt', { parent })
  return tracer.begin('attempt', {
    parent,
    kind: 'client',
    key: record.leaseId,
    atMs: record.offeredAtMs,
    fields: {
      ...namesOf(record),
      'taskmesh.engine': job.plan.engine,
      'taskmesh.attempt.role': record.role ?? 'primary',
      'taskmesh.worker': record.workerId
    }
  })
}

/** One that is still open goes on, perhaps in a later life of this router, which then ends it. */
export function endAttempt(span: Span, { endedAtMs, error, state }: AttemptRecord): void {
  if (endedAtMs === null) return
  const fields = { 'taskmesh.attempt.state': state, 'taskmesh.blame': error?.blame }
  span.end({ atMs: endedAtMs, error: error?.code, fields })
}

export function storingResult(tracer: Tracer, { record, span }: Attempt): Span {
  if (!tracer.isOn) return NO_SPAN
  return tracer.begin('result', { parent: span.context, fields: namesOf(record) })
}

function namesOf({ itemIndex, jobId, number }: AttemptRecord): SpanFields {
  return { 'taskmesh.job': jobId, 'taskmesh.item': itemIndex, 'taskmesh.attempt': number }
}
