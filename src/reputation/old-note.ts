/** The note in the job store in which earlier versions kept the ledger, read once as the first checkpoint. */
import { noCounts } from './worker-record.ts'

/** How one worker stood there. */
interface OldEntry {
  peerId: string
  good: number
  bad: number
  successCount: number
  failureCount: number
  latencyMsSum: number
  latencyCount: number
  firstSeenMs: number
  lastSeenMs: number
  lastChange: string
}

/** @returns what it says as a checkpoint says it, to be checked as one; of another text, nothing that passes for one */
export function checkpointOfNote(text: string): unknown {
  const { version, workers } = JSON.parse(text) as { version?: unknown; workers?: OldEntry[] }
  if (version !== 1 || !Array.isArray(workers)) return { version }
  return {
    version: 2,
    at_ms: workers.reduce((latest, { lastSeenMs }) => Math.max(latest, lastSeenMs), 0),
    workers: workers.map((entry) => ({
      peer_id: entry.peerId,
      good: entry.good,
      bad: entry.bad,
      right: 0,
      wrong: 0,
      streak: 0,
      last_seen_ms: entry.lastSeenMs,
      latency_ms_sum: entry.latencyMsSum,
      latency_count: entry.latencyCount,
      promised_ms_sum: 0,
      promised_took_ms_sum: 0,
      counts: { ...noCounts(), completed: entry.successCount, failed: entry.failureCount },
      first_seen_ms: entry.firstSeenMs,
      strikes: 0,
      quarantined_until_ms: 0,
      last_wrong_ms: 0,
      last_change: entry.lastChange
    }))
  }
}
