/** When what was tried, where, and what came of it: a table whose last column is a drawing on one scale. */
import { useEffect, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Ago, Card, Facts, StateBadge } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialogs.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { SizedTable } from '../parts/sized-table.tsx'
import { TaskError } from './task-error.tsx'
import { describeStretches, layTimeline, ticksOf } from './timeline-layout.ts'
import { formatBytes, formatDuration, formatMoment, plural, shortPeer } from '../data/formats.ts'
import { get } from '../data/api.ts'
import { hasEnded } from '../parts/states.ts'
import { nowMs } from '../data/now.ts'
import { useLoad } from '../data/use-load.ts'
import { usePages } from '../data/use-pages.ts'
import { WaysOn } from './ways-on.tsx'
import { WorkerName } from './worker-name.tsx'
import type { AttemptView, HistoryRow, TransitionView } from '../../model/generated/api-job.ts'
import type { Column } from '../parts/table-columns.ts'
import type { JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'
import type { Timeline, TimelineRow } from './timeline-layout.ts'

export function TimelineTab({ job, version }: JobTabProps): JSX.Element {
  const { cause, hasMore, isLoading, more, reload, rows } = usePages<AttemptView>(
    `/jobs/${job.id}/attempts`
  )
  const [chosen, setChosen] = useState<string>()
  const [opened, setOpened] = useState<AttemptView>()
  useEffect(() => {
    if (version > 0) reload()
  }, [version, reload])
  if (isLoading) return <Skeleton />
  if (cause !== undefined && rows.length === 0) return <Failure cause={cause} retry={reload} />
  const timeline = layTimeline(rows, {
    createdAtMs: job.created_at_ms,
    nowMs: job.ended_at_ms ?? nowMs.value
  })
  return (
    <div class="stack">
      {rows.length === 0 ? (
        <Empty icon="queued" title={hasEnded(job) ? 'Nothing was tried' : 'Nothing was tried yet'}>
          <p>{job.waiting_for ?? 'No worker was asked.'}</p>
        </Empty>
      ) : (
        <>
          <Legend />
          <SizedTable
            label="Attempts on one scale of time"
            columns={columnsOf(timeline, job.item_count > 1)}
            rows={timeline.rows}
            keyOf={keyOf}
            chosen={chosen}
            onChoose={setChosen}
            onOpen={({ attempt }) => setOpened(attempt)}
            onEnd={more}
            foot={`${plural(rows.length, 'attempt')}${hasMore ? ', scroll for more' : ''}`}
          />
        </>
      )}
      <JobHistory id={job.id} version={version} />
      {opened !== undefined && (
        <AttemptDialog
          attempt={rows.find((each) => isSame(each, opened)) ?? opened}
          jobId={job.id}
          onClose={() => setOpened(undefined)}
        />
      )}
    </div>
  )
}

function keyOf({ attempt: { attempt, item } }: TimelineRow): string {
  return `${item}.${attempt}`
}

function isSame(one: AttemptView, other: AttemptView): boolean {
  return one.item === other.item && one.attempt === other.attempt
}

function noteOf({ error, reason = '' }: AttemptView): string {
  return error?.message ?? reason
}

const NOTE: Column<TimelineRow> = {
  key: 'note',
  title: 'Why',
  widthPx: 120,
  grow: 2,
  rank: 4,
  cell: ({ attempt }) => <span title={noteOf(attempt)}>{noteOf(attempt)}</span>
}

function columnsOf(timeline: Timeline, hasItems: boolean): readonly Column<TimelineRow>[] {
  const item: Column<TimelineRow> = {
    key: 'item',
    title: 'Item',
    widthPx: 72,
    grow: 1,
    cell: ({ attempt }) => <span title={attempt.item}>{attempt.item}</span>
  }
  return [
    ...(hasItems ? [item] : []),
    {
      key: 'attempt',
      title: 'Attempt',
      widthPx: 74,
      rank: 3,
      cell: ({ attempt: { attempt, role } }) =>
        role === 'primary' ? attempt : `${attempt} ${role}`
    },
    {
      key: 'state',
      title: 'State',
      widthPx: 106,
      cell: ({ attempt: { state } }) => <StateBadge state={state} />
    },
    {
      key: 'worker',
      title: 'Worker',
      widthPx: 132,
      grow: 1,
      rank: 2,
      cell: ({ attempt: { worker } }) => <WorkerName peer={worker} />
    },
    ...(timeline.rows.some(({ attempt }) => noteOf(attempt) !== '') ? [NOTE] : []),
    {
      key: 'bars',
      title: 'When',
      head: <Scale timeline={timeline} />,
      widthPx: 120,
      grow: 4,
      cell: (row) => <Bars row={row} timeline={timeline} />
    }
  ]
}

/** Per mille of the scale. */
function placeOf({ fromMs, toMs }: Timeline, atMs: number): number {
  return ((atMs - fromMs) / (toMs - fromMs)) * 1_000
}

function Scale({ timeline }: { timeline: Timeline }): JSX.Element {
  const lengthMs = timeline.toMs - timeline.fromMs
  return (
    <span class="scale" aria-label="When">
      {ticksOf(lengthMs, 4).map((tick) => (
        <span key={tick} style={{ insetInlineStart: `${(tick / lengthMs) * 100}%` }}>
          {tick === 0 ? '0' : formatDuration(tick)}
        </span>
      ))}
    </span>
  )
}

function Bars({ row, timeline }: { row: TimelineRow; timeline: Timeline }): JSX.Element {
  const { attempt, stretches } = row
  const text = describeStretches(stretches, formatDuration)
  const end = placeOf(timeline, stretches.at(-1)?.toMs ?? timeline.toMs)
  return (
    <svg class="bars" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={text}>
      <title>{text}</title>
      {stretches.map(({ fromMs, phase, toMs }) => (
        <rect
          key={`${phase}${fromMs}`}
          class={`phase-${phase}`}
          x={placeOf(timeline, fromMs)}
          // What took no time to speak of can be seen all the same.
          width={Math.max(2, placeOf(timeline, toMs) - placeOf(timeline, fromMs))}
          y={phase === 'waiting' ? 9 : 4}
          height={phase === 'waiting' ? 2 : 12}
        />
      ))}
      <rect
        class={`end-mark end-${attempt.state}`}
        x={Math.min(996, end)}
        width="4"
        y="1"
        height="18"
      />
    </svg>
  )
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-hidden="true">
      {(['waiting', 'sent', 'fetching', 'running', 'publishing'] as const).map((phase) => (
        <li key={phase}>
          <i class={`phase-${phase}`} /> {phase === 'sent' ? 'on its way' : phase}
        </li>
      ))}
    </ul>
  )
}

function JobHistory({ id, version }: { id: string; version: number }): JSX.Element | null {
  const { reload, value } = useLoad(`history ${id}`, (signal) =>
    get<HistoryRow[]>(`/jobs/${id}/history`, { signal })
  )
  useEffect(() => {
    if (version > 0) reload()
  }, [version, reload])
  if (value === undefined) return null
  return (
    <Card title="What became of the job">
      <Transitions rows={value.filter((row) => row.of === 'job')} />
    </Card>
  )
}

function Transitions({ rows }: { rows: readonly TransitionView[] }): JSX.Element {
  return (
    <ol class="transitions">
      {rows.map((row) => (
        <li key={`${row.at_ms}${row.state}`}>
          <StateBadge state={row.state} />
          <span class="soft" title={formatMoment(row.at_ms)}>
            <Ago atMs={row.at_ms} />
          </span>
          <span>
            {row.text !== undefined && `${row.text} `}
            <span class="faint">
              <code>{row.reason}</code> by {shortPeer(row.by)}
              {row.blame !== undefined && `, blamed: ${row.blame}`}
            </span>
            {row.hint !== undefined && <span class="soft"> {row.hint}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}

interface AttemptDialogProps {
  attempt: AttemptView
  jobId: string
  onClose: () => void
}

function AttemptDialog({ attempt, jobId, onClose }: AttemptDialogProps): JSX.Element {
  const { error, history, item, log_file, usage } = attempt
  return (
    <Dialog label={`Attempt ${attempt.attempt} of item ${item}`} onClose={onClose}>
      <div class="inside">
        <div class="row">
          <h2>
            Item {item}, attempt {attempt.attempt}
          </h2>
          <StateBadge state={attempt.state} />
        </div>
        {error !== undefined && <TaskError error={error} />}
        <Facts
          rows={[
            ['Worker', <WorkerName peer={attempt.worker} />],
            ['Kind', attempt.role === 'primary' ? undefined : attempt.role],
            ['Ran', usage === undefined ? undefined : formatDuration(usage.wall_ms)],
            ['Processor', usage?.cpu_ms === undefined ? undefined : formatDuration(usage.cpu_ms)],
            ['Memory', bytesText(usage?.peak_memory_bytes)],
            ['Sent', bytesText(usage?.bytes_in)],
            ['Returned', bytesText(usage?.bytes_out)],
            ['Whole log', log_file && <Link href={`/files/${log_file.file}`}>{log_file.name}</Link>]
          ]}
        />
        <Transitions rows={history} />
        <WaysOn jobId={jobId} item={item} attempt={attempt.attempt} onClose={onClose} />
      </div>
    </Dialog>
  )
}

function bytesText(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : formatBytes(bytes)
}
