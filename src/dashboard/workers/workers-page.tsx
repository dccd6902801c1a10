/** All workers as a live table: who is there, how busy, how well known; by what they are called, have and do. */
import { useMemo, useState } from 'preact/hooks'
import { Link, useLocation, useSearchParams } from 'wouter-preact'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { Engines, Labels, Load, Path, Reputation, Slots, WorkerState } from './cells.tsx'
import { Finder } from '../parts/finder.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { failure, nodes, overview } from '../data/live.ts'
import { filterRows, isSortKey, rowsOf, sortRows } from './rows.ts'
import { formatCount, plural } from '../data/formats.ts'
import { nodeNames } from './worker-names.ts'
import { nowMs } from '../data/now.ts'
import { useReputations } from './reputations.ts'
import { useIsNarrow } from '../parts/use-is-narrow.ts'
import type { Column } from '../parts/table-columns.ts'
import type { JSX } from 'preact'
import type { Sorting } from '../parts/virtual-table.tsx'
import type { WorkerRow } from './rows.ts'

const CARD_HEIGHT = 104

const COLUMNS: readonly Column<WorkerRow>[] = [
  {
    key: 'name',
    title: 'Worker',
    widthPx: 150,
    grow: 2,
    isSortable: true,
    cell: (row) => <Name row={row} />
  },
  {
    key: 'state',
    title: 'State',
    widthPx: 110,
    isSortable: true,
    cell: ({ isQuarantined, node }) => <WorkerState node={node} isQuarantined={isQuarantined} />
  },
  {
    key: 'slots',
    title: 'Slots',
    widthPx: 126,
    isSortable: true,
    cell: ({ node }) => <Slots node={node} />
  },
  {
    key: 'load',
    title: 'Load',
    widthPx: 104,
    rank: 4,
    isSortable: true,
    cell: ({ node }) => <Load node={node} />
  },
  {
    key: 'latency',
    title: 'Path',
    widthPx: 118,
    rank: 3,
    isSortable: true,
    cell: ({ node }) => <Path node={node} />
  },
  {
    key: 'reputation',
    title: 'Reputation',
    widthPx: 136,
    rank: 2,
    isSortable: true,
    cell: ({ node, seen }) => <Reputation node={node} seen={seen} />
  },
  {
    key: 'engines',
    title: 'Engines',
    widthPx: 150,
    grow: 2,
    rank: 5,
    cell: ({ node }) => <Engines engines={node.engines} />
  },
  {
    key: 'labels',
    title: 'Labels',
    widthPx: 120,
    grow: 2,
    rank: 6,
    cell: ({ node }) => <Labels labels={node.labels} />
  }
]

/** On a phone each worker is a card in place of a row. */
const CARDS: readonly Column<WorkerRow>[] = [
  { key: 'card', title: 'Workers', widthPx: 200, grow: 1, cell: (row) => <WorkerCard row={row} /> }
]

export function WorkersPage(): JSX.Element {
  const [search, setSearch] = useSearchParams()
  const query = search.get('q') ?? ''
  const setQuery = (text: string): void =>
    setSearch(text === '' ? {} : { q: text }, { replace: true })
  return (
    <>
      <PageHeader title="Workers" note={<Counts />} />
      <Finder
        label="Find workers"
        placeholder="Name, label, or state:ready engine:wasm label:zone=home is:busy"
        value={query}
        onValue={setQuery}
      />
      {overview.value !== undefined ? (
        <WorkerTable query={query} />
      ) : failure.value === undefined ? (
        <Skeleton lines={10} />
      ) : (
        <Failure cause={failure.value} />
      )}
    </>
  )
}

function Counts(): JSX.Element {
  const counts = Object.entries(overview.value?.workers ?? {})
  return <>{counts.map(([state, count]) => `${formatCount(count)} ${state}`).join(', ')}</>
}

function WorkerTable({ query }: { query: string }): JSX.Element {
  const [, navigate] = useLocation()
  const [chosen, setChosen] = useState<string | undefined>()
  const [sorting, setSorting] = useState<Sorting>({ key: 'name', isDescending: false })
  const isNarrow = useIsNarrow()
  const seen = useReputations().value
  const known = nodes.value
  const names = nodeNames.value
  const all = useMemo(
    () => rowsOf({ nodes: known.values(), names, reputations: seen, nowMs: nowMs.peek() }),
    [known, names, seen]
  )
  const rows = useMemo(() => {
    const { isDescending, key } = sorting
    const found = filterRows(all, query)
    return isSortKey(key) ? sortRows(found, { key, isDescending }) : found
  }, [all, query, sorting])
  return (
    <VirtualTable
      // Rows of another height are another table.
      key={String(isNarrow)}
      label="Workers"
      columns={isNarrow ? CARDS : COLUMNS}
      rows={rows}
      keyOf={({ id }) => id}
      onOpen={({ id }) => navigate(`/workers/${id}`)}
      chosen={chosen}
      onChoose={setChosen}
      sorting={sorting}
      onSort={(key) =>
        setSorting((before) => ({
          key,
          isDescending: before.key === key ? !before.isDescending : key === 'reputation'
        }))
      }
      empty={<NoWorkers hasQuery={all.length > 0} />}
      foot={
        rows.length === all.length
          ? plural(all.length, 'worker')
          : `${formatCount(rows.length)} of ${plural(all.length, 'worker')}`
      }
      {...(isNarrow && { rowHeight: CARD_HEIGHT })}
    />
  )
}

function NoWorkers({ hasQuery }: { hasQuery: boolean }): JSX.Element {
  if (hasQuery) return <Empty icon="search" title="No worker fits" />
  return (
    <Empty icon="workers" title="No workers yet">
      <p>
        Start one on any machine: <code>taskmesh worker</code>, with the namespace and bootstrap of
        this mesh.
      </p>
    </Empty>
  )
}

function Name({ row }: { row: WorkerRow }): JSX.Element {
  return (
    <Link href={`/workers/${row.id}`} title={row.id}>
      {row.name}
    </Link>
  )
}

function WorkerCard({ row }: { row: WorkerRow }): JSX.Element {
  const { isQuarantined, node, seen } = row
  return (
    <div class="worker-card">
      <div class="row">
        <Name row={row} />
        <WorkerState node={node} isQuarantined={isQuarantined} />
      </div>
      <div class="row">
        <Slots node={node} />
        <Reputation node={node} seen={seen} />
      </div>
      <div class="row soft">
        <Path node={node} />
        <Engines engines={node.engines} />
      </div>
    </div>
  )
}
