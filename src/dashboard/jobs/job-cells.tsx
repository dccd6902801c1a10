/** What a table says of a job. */
import { Link } from 'wouter-preact'
import { Ago, Bar, StateBadge } from '../parts/basics.tsx'
import { formatCount, formatTook, shortPeer } from '../data/formats.ts'
import { hasEnded } from '../parts/states.ts'
import { nowMs } from '../data/now.ts'
import type { BarPart } from '../parts/basics.tsx'
import type { Column } from '../parts/table-columns.ts'
import type { ItemCounts, JobView } from '../../model/generated/api-job.ts'
import type { ComponentChildren, JSX } from 'preact'

type JobColumn = Omit<Column<JobView>, 'cell'> & { cell: (job: JobView) => ComponentChildren }

export const JOB_COLUMNS: readonly JobColumn[] = [
  { key: 'state', title: 'State', widthPx: 104, cell: ({ state }) => <StateBadge state={state} /> },
  { key: 'name', title: 'Job', widthPx: 140, grow: 3, cell: (job) => <JobName job={job} /> },
  {
    key: 'progress',
    title: 'Progress',
    widthPx: 110,
    grow: 1,
    rank: 2,
    cell: (job) => <JobBar job={job} />
  },
  {
    key: 'items',
    title: 'Items',
    widthPx: 112,
    rank: 4,
    isEnd: true,
    cell: ({ counts, item_count }) => `${formatCount(counts.completed)}/${formatCount(item_count)}`
  },
  {
    key: 'age',
    title: 'Submitted',
    widthPx: 92,
    rank: 3,
    isEnd: true,
    cell: ({ created_at_ms }) => <Ago atMs={created_at_ms} />
  },
  {
    key: 'took',
    title: 'Took',
    widthPx: 72,
    rank: 5,
    isEnd: true,
    cell: (job) => <Took of={job} />
  },
  { key: 'note', title: 'Note', widthPx: 180, grow: 2, rank: 6, cell: noteOf },
  { key: 'engine', title: 'Engine', widthPx: 84, rank: 7, cell: ({ engine }) => engine },
  {
    key: 'submitter',
    title: 'Submitter',
    widthPx: 104,
    rank: 8,
    cell: ({ submitter }) => <span title={submitter}>{shortPeer(submitter)}</span>
  },
  {
    key: 'labels',
    title: 'Labels',
    widthPx: 140,
    grow: 1,
    rank: 9,
    cell: (job) => <Labels job={job} />
  },
  {
    key: 'attempts',
    title: 'Attempts',
    widthPx: 72,
    rank: 10,
    isEnd: true,
    cell: ({ attempts }) => formatCount(attempts)
  },
  {
    key: 'priority',
    title: 'Priority',
    widthPx: 64,
    rank: 11,
    isEnd: true,
    cell: ({ priority }) => priority
  }
]

/** Where there is no room for a column of its own, how far it is stands below its name. */
function JobName({ job }: { job: JobView }): JSX.Element {
  const { id, name } = job
  return (
    <span class="job-name">
      <span class="cut">
        <Link href={`/jobs/${id}`}>{name ?? id}</Link>
        {name !== null && <span class="mono faint job-id"> {id}</span>}
      </span>
      <span class="job-name-bar">
        <JobBar job={job} />
      </span>
    </span>
  )
}

/** How long it took, or takes. */
export function Took({
  of: { ended_at_ms, started_at_ms }
}: {
  of: { started_at_ms?: number | null; ended_at_ms?: number | null }
}): JSX.Element {
  return <>{formatTook({ from: started_at_ms, to: ended_at_ms }, nowMs.value)}</>
}

export function JobBar({ job }: { job: JobView }): JSX.Element {
  return (
    <span class={hasEnded(job) ? 'job-bar has-ended' : 'job-bar'}>
      <Bar parts={barOf(job)} text={countsText(job.counts)} />
    </span>
  )
}

/** What has ended stands before what runs. Of a single task, what it says of itself counts. */
export function barOf({ counts, item_count, progress }: JobView): BarPart[] {
  const total = Math.max(1, item_count)
  const told = item_count === 1 && counts.running === 1 ? progress?.ratio : undefined
  return [
    { tone: 'good', ratio: counts.completed / total },
    { tone: 'bad', ratio: counts.failed / total },
    { tone: 'end', ratio: counts.stopped / total },
    { tone: 'warn', ratio: counts.held / total },
    { tone: 'run', ratio: told ?? counts.running / total }
  ]
}

const COUNTED: readonly (readonly [keyof ItemCounts, string])[] = [
  ['completed', 'completed'],
  ['running', 'running'],
  ['queued', 'waiting'],
  ['failed', 'failed'],
  ['stopped', 'stopped'],
  ['held', 'held']
]

/** `12 completed, 3 running`. */
export function countsText(counts: ItemCounts): string {
  const parts = COUNTED.filter(([key]) => counts[key] > 0).map(
    ([key, word]) => `${formatCount(counts[key])} ${word}`
  )
  return parts.length === 0 ? 'nothing begun' : parts.join(', ')
}

function noteOf({ error, progress, waiting_for }: JobView): ComponentChildren {
  const text = error?.message ?? waiting_for ?? progress?.text
  return text === undefined ? '' : <span title={text}>{text}</span>
}

function Labels({ job: { labels = {} } }: { job: JobView }): JSX.Element {
  return (
    <>
      {Object.entries(labels).map(([key, value]) => (
        <span key={key} class="tag">
          {key}={value}
        </span>
      ))}
    </>
  )
}
