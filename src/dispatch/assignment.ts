/** What a worker is told of a task beside the task itself, and for how long its answer is waited for. Pure. */
import { LIMITS } from '../core/limits.ts'
import type { ActiveJob } from './active-job.ts'
import type { Assignment, FileSource } from '../model/generated/commands-execute-task.ts'
import type { SentTask } from './attempt-parts.ts'
import type { AttemptRecord } from '../jobs/records.ts'
import type { JobPlan } from '../model/job.ts'

/** The worker keeps to the run time and gives back what waits too long; so much longer we wait for its word. */
const ANSWER_GRACE_MS = LIMITS.workerWaitMsMax + 15_000

/** A worker holds its task for so much longer than we wait for it, so that it never gives up first. */
const LEASE_MARGIN_MS = 30_000

interface AssignmentFacts {
  nowMs: number
  /** Signed, in base64. */
  order: string
  sent?: SentTask | undefined
  sources: readonly FileSource[]
}

export function assignmentOf(
  { plan, record }: ActiveJob,
  attempt: AttemptRecord,
  { nowMs, order, sent, sources }: AssignmentFacts
): Assignment {
  const { cpuCores, diskBytes, gpuCount, memoryBytes } = plan.resources
  return {
    job_id: attempt.jobId,
    item: attempt.itemIndex,
    attempt: attempt.number,
    lease_id: attempt.leaseId,
    lease_ms: leaseMs(plan),
    run_timeout_ms: plan.timeouts.runMs,
    memory_bytes: memoryBytes,
    ...(cpuCores > 0 ? { cpu_cores: cpuCores } : {}),
    ...(diskBytes > 0 ? { disk_bytes: diskBytes } : {}),
    ...(gpuCount > 0 ? { gpu_count: gpuCount } : {}),
    ...(plan.hasNetwork ? { network: true } : {}),
    submitted_at_ms: record.createdAtMs,
    kill_after_ms: plan.timeouts.stopMs,
    labels: { ...record.labels },
    ...(sources.length > 0 ? { sources: [...sources] } : {}),
    order,
    ...(sent === undefined ? {} : { number: sent.number, expected_ms: sent.expected.runMs }),
    // The job may go on for so long, and then its result is kept.
    keep_until_ms: nowMs + plan.timeouts.totalMs + plan.keep.resultMs
  }
}

/** How long files are on their way nobody can say, but no job goes on beyond its total time: then the worker is told to stop. */
export function answerTimeoutMs({ hasInputs, hasOutputs, timeouts }: JobPlan): number {
  const { runMs, totalMs } = timeouts
  return (hasInputs || hasOutputs ? Math.max(runMs, totalMs) : runMs) + ANSWER_GRACE_MS
}

/** A job that would rather wait than run twice lets its task be as long as the job itself may take. */
export function leaseMs({ onDisconnect, timeouts }: JobPlan): number {
  const { then, waitMs } = onDisconnect
  return (then === 'hold' ? Math.max(waitMs, timeouts.totalMs) : waitMs) + LEASE_MARGIN_MS
}
