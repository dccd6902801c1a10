/** Records as the API shows them: camelCase of the code to snake_case of the published schemas, in one place. */
import { isTerminal } from '../../jobs/records.ts'
import type {
  AttemptRecord,
  EarlierRun,
  ItemRecord,
  JobRecord,
  Transition
} from '../../jobs/records.ts'
import type {
  AttemptView,
  EarlierRunView,
  HistoryRow,
  ItemView,
  JobView,
  TransitionView
} from '../../model/generated/api-job.ts'
import type { ErrorData } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { TaskProgress } from '../../model/generated/commands-execute-task.ts'

export function jobView(job: JobRecord, waitingFor: string | null): JobView {
  return {
    id: job.id,
    name: job.name,
    state: job.state,
    engine: job.engine,
    priority: job.priority,
    share: job.share,
    labels: { ...job.labels },
    submitter: job.submitter,
    key: job.key,
    parent: job.parentId,
    needs: [...job.needs],
    due_at_ms: job.dueAtMs,
    on_hold: job.isOnHold,
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

/** @param output JSON text, of a completed item. @param progress of a running one */
export function itemView(
  item: ItemRecord,
  output: string | undefined,
  progress: TaskProgress | null
): ItemView {
  return {
    id: item.id,
    index: item.index,
    state: item.state,
    ...resultView(item, output),
    ...(item.error === null ? {} : { error: errorView(item.error) }),
    worker: item.workerId,
    attempts: item.attemptCount,
    started_at_ms: item.startedAtMs,
    ended_at_ms: item.endedAtMs,
    ...(progress === null ? {} : { progress: { ...progress } })
  }
}

/** What an item gave: its result, or the file in its place, and the files that it left. */
function resultView(
  { outputFile, outputs, reusedFrom, state, verified }: ItemRecord,
  output: string | undefined
): Pick<ItemView, 'result' | 'outputs' | 'output_file' | 'reused_from' | 'verified'> {
  if (state !== 'completed') return {}
  return {
    ...(outputFile === null ? { result: parseOutput(output) } : { output_file: { ...outputFile } }),
    ...(outputs === null ? {} : { outputs: outputs.map((file) => ({ ...file })) }),
    ...(reusedFrom === null ? {} : { reused_from: earlierRunView(reusedFrom) }),
    ...(verified === undefined ? {} : { verified: { ...verified } })
  }
}

function earlierRunView(run: EarlierRun): EarlierRunView {
  return {
    job: run.jobId,
    item: run.itemId,
    attempt: run.attempt,
    worker: run.workerId,
    ended_at_ms: run.endedAtMs
  }
}

export function attemptView(attempt: AttemptRecord, itemId: string): AttemptView {
  const { logFile, progress, usage } = attempt
  return {
    item: itemId,
    index: attempt.itemIndex,
    attempt: attempt.number,
    role: attempt.role ?? 'primary',
    state: attempt.state,
    worker: attempt.workerId,
    ...reasonView(attempt),
    offered_at_ms: attempt.offeredAtMs,
    ended_at_ms: attempt.endedAtMs,
    ...(usage === null ? {} : { usage: usageView(usage) }),
    ...(logFile === null ? {} : { log_file: { ...logFile } }),
    ...(progress === null ? {} : { progress: { ...progress } }),
    history: attempt.history.map(transitionView)
  }
}

/** Why it did not give the item's result: a failure, or that another copy did. */
function reasonView({
  error,
  history,
  state
}: AttemptRecord): Pick<AttemptView, 'reason' | 'error'> {
  if (error !== null) return { reason: error.message, error: errorView(error) }
  const { text } = history.at(-1) ?? {}
  return state === 'stopped' && text !== undefined ? { reason: text } : {}
}

/** What happened to a job and to attempts of one of its items, oldest first. */
export function historyRows(
  job: JobRecord,
  attempts: readonly AttemptRecord[],
  itemId: string
): HistoryRow[] {
  const ofJob = job.history.map((row): HistoryRow => ({ of: 'job', ...transitionView(row) }))
  const ofAttempts = attempts.flatMap((attempt) =>
    attempt.history.map((row): HistoryRow => ({
      of: 'attempt',
      item: itemId,
      attempt: attempt.number,
      worker: attempt.workerId,
      ...transitionView(row)
    }))
  )
  // Of one millisecond: a job begins before its attempts, and ends after them.
  const ends = ofJob.filter(({ state }) => isTerminal(state as JobRecord['state']))
  const begins = ofJob.filter((row) => !ends.includes(row))
  return [...begins, ...ofAttempts, ...ends].toSorted((left, right) => left.at_ms - right.at_ms)
}

function transitionView({
  atMs,
  blame,
  by,
  hint,
  reason,
  state,
  text
}: Transition): TransitionView {
  return {
    at_ms: atMs,
    state,
    by,
    reason,
    ...(blame === undefined ? {} : { blame }),
    ...(text === undefined ? {} : { text }),
    ...(hint === undefined ? {} : { hint })
  }
}

function usageView({
  bytesIn,
  bytesOut,
  cpuMs,
  peakMemoryBytes,
  wallMs
}: NonNullable<AttemptRecord['usage']>): NonNullable<AttemptView['usage']> {
  return {
    wall_ms: wallMs,
    ...(cpuMs === undefined ? {} : { cpu_ms: cpuMs }),
    ...(peakMemoryBytes === undefined ? {} : { peak_memory_bytes: peakMemoryBytes }),
    ...(bytesIn === undefined ? {} : { bytes_in: bytesIn }),
    ...(bytesOut === undefined ? {} : { bytes_out: bytesOut })
  }
}

/** The output was checked to be JSON when it was taken. */
function parseOutput(output = 'null'): NonNullable<ItemView['result']> | null {
  return JSON.parse(output) as Json
}

function errorView(error: ErrorData): NonNullable<JobView['error']> {
  return { ...error }
}
