/** Decision records of all jobs by time, out of the rows of a store in memory. */
import type { DecisionFilter } from './store.ts'

export interface DecisionRow {
  atMs: number
  text: string
}

/** By item, then attempt. */
export type DecisionRows = Map<number, Map<number, DecisionRow>>

/** Jobs in the order in which they came. */
type Jobs = ReadonlyMap<string, { decisions: DecisionRows }>

/** Where a decision stands among all. */
interface Place {
  atMs: number
  job: number
  itemIndex: number
  attempt: number
}

export function decisionsByTime(jobs: Jobs, { after, limit, sinceMs }: DecisionFilter): string[] {
  // Of a job that was forgotten meanwhile nothing is left: then some of the same moment come again.
  const last = after && { ...after, job: [...jobs.keys()].indexOf(after.jobId) }
  return placesOf(jobs)
    .filter((place) => place.atMs >= sinceMs)
    .filter((place) => last === undefined || comparePlaces(place, last) > 0)
    .toSorted(comparePlaces)
    .slice(0, limit)
    .map(({ text }) => text)
}

export function forgetDecisions(jobs: Jobs, beforeMs: number, limit: number): void {
  const old = placesOf(jobs).filter(({ atMs }) => atMs < beforeMs)
  for (const { attempt, attempts } of old.toSorted(comparePlaces).slice(0, limit)) {
    attempts.delete(attempt)
  }
}

function placesOf(jobs: Jobs): (Place & DecisionRow & { attempts: Map<number, DecisionRow> })[] {
  return [...jobs.values()].flatMap(({ decisions }, job) =>
    [...decisions].flatMap(([itemIndex, attempts]) =>
      Array.from(attempts, ([attempt, row]) => ({ ...row, job, itemIndex, attempt, attempts }))
    )
  )
}

function comparePlaces(left: Place, right: Place): number {
  return (
    left.atMs - right.atMs ||
    left.job - right.job ||
    left.itemIndex - right.itemIndex ||
    left.attempt - right.attempt
  )
}
