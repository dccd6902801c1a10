/** What a run was, in numbers that a person can judge it by: whether it hurt at all, and what that cost. */
import type { Evidence } from './evidence.ts'
import type { FaultPlayer } from './fault-player.ts'
import type { Submitter } from './submitter.ts'
import type { Violation } from './audit.ts'

export interface Summary {
  faults: Record<string, number>
  skippedFaults: number
  planned: number
  acknowledged: number
  /** Without a key, and the answer was lost. */
  unsure: number
  repeatedSubmissions: number
  jobs: Record<string, number>
  items: number
  attempts: Record<string, number>
  /** Attempts that began though their item had begun before. */
  reruns: number
  /** Results that came from attempts which no longer counted. */
  lateResults: number
  /** Attempts that outlived a router or a connection, and were found again. */
  reconnected: number
  violations: number
}

export function summarise({
  evidence,
  player,
  submitter,
  violations
}: {
  evidence: Evidence
  player: FaultPlayer
  submitter: Submitter
  violations: readonly Violation[]
}): Summary {
  const { journal, jobs, planned } = evidence
  const attempts = jobs.flatMap((job) => job.attempts)
  const began = journal.filter(({ event }) => event === 'began')
  const withReason = (reason: string): number =>
    attempts.filter(({ history }) => history.some((step) => step.reason === reason)).length
  return {
    faults: Object.fromEntries([...player.counts].toSorted(([a], [b]) => a.localeCompare(b))),
    skippedFaults: player.skippedCount,
    planned: planned.length,
    acknowledged: evidence.acknowledged.length,
    unsure: submitter.unsureCount,
    repeatedSubmissions: submitter.repeatCount,
    jobs: countBy(jobs.map(({ job }) => job.state)),
    items: jobs.reduce((sum, { items }) => sum + items.length, 0),
    attempts: countBy(attempts.map(({ state }) => state)),
    reruns: began.length - new Set(began.map(({ item, job_id: job }) => `${job}/${item}`)).size,
    lateResults: withReason('LATE_RESULT'),
    reconnected: withReason('RECONNECTED'),
    violations: violations.length
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
