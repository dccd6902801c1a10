/** The tasks that a worker was seen with: each outcome that was counted, newest first, and which results are to be doubted. */
import { useEffect, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Ago, Badge } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { formatDuration, plural, shortPeer } from '../data/formats.ts'
import { getRows } from '../data/api.ts'
import { useIsNarrow } from '../parts/use-is-narrow.ts'
import { useLoad } from '../data/use-load.ts'
import type { Column } from '../parts/table-columns.ts'
import type { EvidenceEntry } from '../../model/generated/evidence-entry.ts'
import type { IconName } from '../parts/icons.tsx'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { Tone } from '../parts/states.ts'

const PAGE_ROWS = 200

const LOOKS: Readonly<
  Record<EvidenceEntry['kind'], readonly [tone: Tone, icon: IconName, text: string]>
> = {
  completed: ['good', 'completed', 'completed'],
  failed: ['bad', 'failed', 'failed'],
  right: ['good', 'completed', 'verified right'],
  wrong: ['bad', 'warning', 'verified wrong'],
  outdone: ['bad', 'failed', 'outdone'],
  lied: ['bad', 'warning', 'lied'],
  cleared: ['quiet', 'replay', 'taken back']
}

const COLUMNS: readonly Column<Numbered>[] = [
  {
    key: 'kind',
    title: 'Outcome',
    widthPx: 112,
    cell: ({ entry }) => <Outcome entry={entry} />
  },
  {
    key: 'job',
    title: 'Job',
    widthPx: 100,
    grow: 1,
    cell: ({ entry }) => <JobLink entry={entry} />
  },
  {
    key: 'type',
    title: 'Task',
    widthPx: 140,
    grow: 1,
    rank: 3,
    cell: ({ entry }) => entry.task_type ?? '–'
  },
  {
    key: 'took',
    title: 'Took',
    widthPx: 80,
    rank: 2,
    isEnd: true,
    cell: ({ entry: { latency_ms } }) =>
      latency_ms === undefined ? '–' : formatDuration(Math.round(latency_ms))
  },
  {
    key: 'receipt',
    title: 'Receipt',
    widthPx: 80,
    rank: 4,
    cell: ({ entry: { job, receipt } }) =>
      receipt === undefined || job === undefined ? (
        <span class="faint">–</span>
      ) : (
        <Link href={`/jobs/${job}/receipts`}>signed</Link>
      )
  },
  {
    key: 'at',
    title: 'When',
    widthPx: 92,
    isEnd: true,
    cell: ({ entry: { at_ms } }) => <Ago atMs={at_ms} />
  }
]

interface Numbered {
  key: string
  entry: EvidenceEntry
}

export function EvidenceTab({ node }: { node: NodeView }): JSX.Element {
  const path = `/reputation/${node.peer_id}`
  const first = useLoad(`evidence ${node.peer_id}`, (signal) =>
    getRows<EvidenceEntry>(`${path}/evidence`, { query: { limit: PAGE_ROWS }, signal })
  )
  const suspects = useLoad(`suspects ${node.peer_id}`, (signal) =>
    getRows<EvidenceEntry>(`${path}/suspects`, { query: { limit: PAGE_ROWS }, signal })
  )
  const [more, setMore] = useState<{ rows: EvidenceEntry[]; next: string | undefined }>()
  const [chosen, setChosen] = useState<string | undefined>()
  useEffect(() => setMore(undefined), [first.value])
  const isNarrow = useIsNarrow()
  if (first.value === undefined) {
    return first.cause === undefined ? (
      <Skeleton />
    ) : (
      <Failure cause={first.cause} retry={first.reload} />
    )
  }
  const next = more === undefined ? first.value.next : more.next
  const entries = [...first.value.rows, ...(more?.rows ?? [])]
  const readMore = async (): Promise<void> => {
    const page = await getRows<EvidenceEntry>(`${path}/evidence`, {
      query: { limit: PAGE_ROWS, after: next }
    })
    setMore({ rows: [...(more?.rows ?? []), ...page.rows], next: page.next })
  }
  return (
    <div class="tall">
      <Suspects entries={suspects.value?.rows ?? []} />
      <VirtualTable
        key={String(isNarrow)}
        label="Evidence"
        columns={COLUMNS}
        rows={entries.map((entry, index) => ({ key: String(entries.length - index), entry }))}
        keyOf={({ key }) => key}
        chosen={chosen}
        onChoose={setChosen}
        empty={<Empty icon="workers" title="Nothing was counted of it yet" />}
        foot={
          <>
            <span>
              {plural(entries.length, 'outcome')}
              {next !== undefined && ', and more'}
            </span>
            {next !== undefined && (
              <button type="button" class="button small" onClick={() => void readMore()}>
                Read more
              </button>
            )}
          </>
        }
      />
    </div>
  )
}

function Suspects({ entries }: { entries: readonly EvidenceEntry[] }): JSX.Element | null {
  if (entries.length === 0) return null
  return (
    <div class="problem" data-tone="warn">
      <div>
        <strong>Results to doubt: {entries.length}</strong>
        <span>It gave a wrong result; these of the day before were not verified.</span>
        <span class="row tight">
          {entries.slice(0, 20).map((entry) => (
            <JobLink key={`${entry.job} ${entry.item}`} entry={entry} />
          ))}
        </span>
      </div>
    </div>
  )
}

function Outcome({ entry }: { entry: EvidenceEntry }): JSX.Element {
  const [tone, icon, text] = LOOKS[entry.kind]
  return (
    <span title={entry.code}>
      <Badge tone={tone} icon={icon}>
        {entry.code ?? text}
      </Badge>
    </span>
  )
}

function JobLink({ entry: { attempt, item, job } }: { entry: EvidenceEntry }): JSX.Element {
  if (job === undefined) return <span class="faint">–</span>
  return (
    <Link href={`/jobs/${job}`} title={job}>
      {shortPeer(job)}
      {item !== undefined && `, item ${item}`}
      {attempt !== undefined && attempt > 1 && `, attempt ${attempt}`}
    </Link>
  )
}
