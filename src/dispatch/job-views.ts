/** Records as the API shows them: camelCase of the code to snake_case of the published schemas, in one place. */
import type { AttemptRecord, ItemRecord, JobRecord } from '../jobs/records.ts'
import type { AttemptView, ItemView, JobView } from '../model/generated/api-job.ts'
import type { ErrorData } from '../core/errors.ts'
import type { ItemOutput } from '../jobs/store.ts'
import type { JobEvent } from '../model/generated/api-job-event.ts'
import type { Json } from '../core/json.ts'

export function jobView(job: JobRecord, waitingFor: string | null): JobView {
  return {
    id: job.id,
    name: job.name,
    state: job.state,
    engine: job.engine,
    priority: job.priority,
    labels: { ...job.labels },
    item_count: job.itemCount,
    counts: { ...job.counts },
    attempts: job.attemptCount,
    created_at_ms: job.createdAtMs,
    started_at_ms: job.startedAtMs,
    ended_at_ms: job.endedAtMs,
    waiting_for: waitingFor,
    ...(job.error === null ? {} : { error: errorView(job.error) })
  }
}

export function itemView(item: ItemRecord, output: ItemOutput | undefined): ItemView {
  return {
    id: item.id,
    index: item.index,
    state: item.state,
    ...(item.state === 'completed' ? { result: parseOutput(output) } : {}),
    ...(item.error === null ? {} : { error: errorView(item.error) }),
    ...(output === undefined || output.logs === '' ? {} : { logs: output.logs }),
    worker: item.workerId,
    attempts: item.attemptCount,
    started_at_ms: item.startedAtMs,
    ended_at_ms: item.endedAtMs
  }
}

export function attemptView(attempt: AttemptRecord, itemId: string): AttemptView {
  const { usage } = attempt
  return {
    item: itemId,
    index: attempt.itemIndex,
    attempt: attempt.number,
    state: attempt.state,
    worker: attempt.workerId,
    ...(attempt.error === null
      ? {}
      : { reason: attempt.error.message, error: errorView(attempt.error) }),
    offered_at_ms: attempt.offeredAtMs,
    ended_at_ms: attempt.endedAtMs,
    ...(usage === null
      ? {}
      : {
          usage: {
            wall_ms: usage.wallMs,
            ...(usage.cpuMs === undefined ? {} : { cpu_ms: usage.cpuMs }),
            ...(usage.peakMemoryBytes === undefined
              ? {}
              : { peak_memory_bytes: usage.peakMemoryBytes })
          }
        })
  }
}

export function jobEvent(job: JobRecord, nowMs: number): JobEvent {
  return { job_id: job.id, state: job.state, counts: { ...job.counts }, at_ms: nowMs }
}

/** The output was checked to be JSON when it was taken. */
function parseOutput(output: ItemOutput | undefined): NonNullable<ItemView['result']> | null {
  return JSON.parse(output?.output ?? 'null') as Json
}

function errorView(error: ErrorData): NonNullable<JobView['error']> {
  return { ...error }
}
