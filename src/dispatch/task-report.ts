/** What comes with a worker's answer besides the result: each part is believed only if it has the right shape. */
import { LIMITS } from '../core/limits.ts'
import type { AttemptRecord } from '../jobs/records.ts'
import type { SessionAnswer } from '../protocol/session.ts'

export interface TaskReport {
  /** Unchecked; the directory checks it. */
  load: unknown
  logs: string
  usage: AttemptRecord['usage']
}

export function readReport({ result }: SessionAnswer): TaskReport {
  const { load, logs, usage } = result ?? {}
  return { load, logs: readLogs(logs), usage: readUsage(usage) }
}

/** The worker is to keep to the limit; what one sends beyond it is cut off. */
function readLogs(logs: unknown): string {
  return typeof logs === 'string' ? logs.slice(0, LIMITS.logBytesMax) : ''
}

function readUsage(usage: unknown): AttemptRecord['usage'] {
  if (typeof usage !== 'object' || usage === null) return null
  const figures = usage as Record<string, unknown>
  const { wall_ms: wallMs, cpu_ms: cpuMs, peak_memory_bytes: peakMemoryBytes } = figures
  if (!isAmount(wallMs)) return null
  return {
    wallMs,
    ...(isAmount(cpuMs) ? { cpuMs } : {}),
    ...(isAmount(peakMemoryBytes) ? { peakMemoryBytes } : {})
  }
}

/** NaN and infinity would not survive the store's JSON. */
function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
