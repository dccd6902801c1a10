/** What comes with a worker's answer besides the result: each part is believed only if it has the right shape. */
import { asRecord } from '../core/json.ts'
import { readLogPart } from './views/job-logs.ts'
import type { AttemptRecord } from '../jobs/records.ts'
import type { LogPart, TaskProgress } from '../model/generated/commands-execute-task.ts'
import type { SessionAnswer } from '../protocol/session.ts'

export interface TaskReport {
  /** Unchecked; the directory checks it. */
  load: unknown
  log: LogPart | undefined
  /** What of its log the worker did not keep. */
  logDroppedBytes: number
  progress: TaskProgress | undefined
  /** How long the task ran by the worker's clock. */
  ranMs: number | undefined
  usage: AttemptRecord['usage']
}

const PROGRESS_TEXT_MAX = 200

export function readReport({ result }: SessionAnswer): TaskReport {
  const { load, log, logs_dropped_bytes: droppedBytes, phases, progress, usage } = result ?? {}
  const { ran_ms: ranMs } = asRecord(phases)
  return {
    load,
    log: log === undefined ? undefined : readLogPart(log),
    logDroppedBytes: isAmount(droppedBytes) ? droppedBytes : 0,
    progress: readProgress(progress),
    ranMs: isAmount(ranMs) ? ranMs : undefined,
    usage: readUsage(usage)
  }
}

function readProgress(value: unknown): TaskProgress | undefined {
  const { ratio, text } = asRecord(value)
  const progress = {
    ...(isAmount(ratio) && ratio <= 1 ? { ratio } : {}),
    ...(typeof text === 'string' ? { text: text.slice(0, PROGRESS_TEXT_MAX) } : {})
  }
  return Object.keys(progress).length === 0 ? undefined : progress
}

function readUsage(usage: unknown): AttemptRecord['usage'] {
  const {
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    cpu_ms: cpuMs,
    peak_memory_bytes: peakMemoryBytes,
    wall_ms: wallMs
  } = asRecord(usage)
  if (!isAmount(wallMs)) return null
  return {
    wallMs,
    ...(isAmount(cpuMs) ? { cpuMs } : {}),
    ...(isAmount(peakMemoryBytes) ? { peakMemoryBytes } : {}),
    ...(isAmount(bytesIn) ? { bytesIn } : {}),
    ...(isAmount(bytesOut) ? { bytesOut } : {})
  }
}

/** NaN and infinity would not survive the store's JSON. */
function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
