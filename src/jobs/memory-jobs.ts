/** Lists of jobs, out of the rows of a store in memory. */
import { isIdBeginning } from './store.ts'
import { isLatestFirst, placeOf } from './job-order.ts'
import type { JobFilter } from './store.ts'
import type { JobPlace } from './job-order.ts'
import type { JobRecord, JobState } from './records.ts'

/** A record, with beside it what queries look at. */
export interface JobRow {
  id: string
  state: JobRecord['state']
  createdAtMs: number
  endedAtMs: number | null
  labels: Readonly<Record<string, string>>
  submitter: string
  key: string | null
  parentId: string | null
  forgetAtMs: number | null
  forgetLogsAtMs: number | null
  /** In small letters. */
  name: string | null
  text: string
}

type Aged = Pick<JobRow, 'id' | 'createdAtMs'>

export function listJobs(rows: readonly JobRow[], filter: JobFilter): JobRow[] {
  const labels = Object.entries(filter.labels ?? {})
  const { after, sort } = filter
  const direction = isLatestFirst(sort) ? -1 : 1
  return rows
    .filter((row) => filter.state === undefined || row.state === filter.state)
    .filter((row) => labels.every(([name, value]) => labelOf(row, name) === value))
    .filter((row) => filter.submitter === undefined || row.submitter === filter.submitter)
    .filter((row) => filter.parentId === undefined || row.parentId === filter.parentId)
    .filter((row) => filter.text === undefined || isFound(row, filter.text.toLowerCase()))
    .filter((row) => filter.sinceMs === undefined || row.createdAtMs >= filter.sinceMs)
    .flatMap((row) => {
      const place = placeOf(row, sort)
      return place === undefined ? [] : [{ row, place }]
    })
    .filter(({ place }) => after === undefined || comparePlaces(place, after) * direction > 0)
    .toSorted((left, right) => comparePlaces(left.place, right.place) * direction)
    .slice(0, filter.limit)
    .map(({ row }) => row)
}

export function countJobs(rows: readonly JobRow[]): Partial<Record<JobState, number>> {
  const counts: Partial<Record<JobState, number>> = {}
  for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** Negative when `left` is the older one. */
export function compareAges(left: Aged, right: Aged): number {
  return left.createdAtMs - right.createdAtMs || compareTexts(left.id, right.id)
}

function comparePlaces(left: JobPlace, right: JobPlace): number {
  return left.atMs - right.atMs || compareTexts(left.id, right.id)
}

/** By code point, as every database compares UTF-8; JavaScript's `<` differs beyond U+FFFF. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

function isFound({ id, name }: JobRow, wanted: string): boolean {
  return isIdBeginning(wanted) ? id.startsWith(wanted) : name?.includes(wanted) === true
}

function labelOf(row: JobRow, name: string): string | undefined {
  return Object.hasOwn(row.labels, name) ? row.labels[name] : undefined
}
