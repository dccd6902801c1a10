/** The mesh: a picture of who is connected to whom, and beside it the same as a list, each showing what is chosen in the other. */
import { useCallback, useMemo, useState } from 'preact/hooks'
import { useSearchParams } from 'wouter-preact'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { Finder } from '../parts/finder.tsx'
import { MeshCanvas } from './canvas.tsx'
import { NodeDetails } from './node-details.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { SHAPES, shapePath } from './shapes.ts'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { failure, map } from '../data/live.ts'
import { findNodes } from './graph.ts'
import { formatCount, plural, shortPeer } from '../data/formats.ts'
import { lookOf } from '../parts/states.ts'
import type { Column } from '../parts/table-columns.ts'
import type { JSX } from 'preact'
import type { MapNode, MapView } from '../../model/generated/api-map.ts'

/** One line each: the details have the rest. */
const ROW_HEIGHT = 34

interface NodeRow {
  data: MapNode
  linkCount: number
}

export function MeshPage(): JSX.Element {
  const view = map.value
  return (
    <>
      <PageHeader title="Mesh" note={view && <Counts view={view} />} />
      {view !== undefined && view.nodes.length > 0 && <Mesh view={view} />}
      {view?.nodes.length === 0 && <Empty icon="mesh" title="Nobody is connected yet" />}
      {view === undefined &&
        (failure.value === undefined ? <Skeleton /> : <Failure cause={failure.value} />)}
    </>
  )
}

function Counts({ view }: { view: MapView }): JSX.Element {
  const relayed = view.links.filter(({ path }) => path === 'relayed').length
  return (
    <>
      {plural(view.nodes.length, 'node')}, {plural(view.links.length, 'link')}
      {relayed > 0 && `, ${formatCount(relayed)} of them relayed`}
    </>
  )
}

function Mesh({ view }: { view: MapView }): JSX.Element {
  const [search, setSearch] = useSearchParams()
  const [text, setText] = useState('')
  const [hovered, setHovered] = useState<string | undefined>()
  const selected = search.get('node') ?? undefined
  const select = useCallback(
    (peer: string | undefined) =>
      setSearch(peer === undefined ? {} : { node: peer }, { replace: true }),
    [setSearch]
  )
  const rows = useMemo(() => rowsOf(view), [view])
  const shown = useMemo(() => findNodes(rows, text), [rows, text])
  const found = useMemo(
    () => (text.trim() === '' ? undefined : new Set(shown.map(({ data }) => data.peer_id))),
    [shown, text]
  )
  const details = view.nodes.find(({ peer_id }) => peer_id === selected)
  const pointedAt = view.nodes.find(({ peer_id }) => peer_id === hovered)
  return (
    <div class="mesh fills">
      <MeshCanvas {...{ map: view, selected, found }} onSelect={select} onHover={setHovered} />
      {pointedAt !== undefined && <Pointed node={pointedAt} />}
      <div class="mesh-side">
        <Finder
          label="Find nodes"
          placeholder="Name, role or state"
          value={text}
          onValue={setText}
        />
        <VirtualTable
          label="Nodes"
          columns={COLUMNS}
          rows={shown}
          keyOf={({ data }) => data.peer_id}
          onOpen={({ data }) => select(data.peer_id)}
          chosen={selected}
          onChoose={select}
          empty={<Empty icon="search" title="No node fits" />}
          rowHeight={ROW_HEIGHT}
        />
        {details !== undefined && <NodeDetails node={details} map={view} onSelect={select} />}
      </div>
    </div>
  )
}

/** What the pointer is at, in a corner where it covers nothing. */
function Pointed({ node }: { node: MapNode }): JSX.Element {
  return (
    <p class="mesh-pointed" aria-hidden="true">
      <b>{node.name ?? shortPeer(node.peer_id)}</b> {node.role}
      {node.state !== undefined && `, ${lookOf(node.state).word}`}
    </p>
  )
}

const COLUMNS: readonly Column<NodeRow>[] = [
  {
    key: 'name',
    title: 'Node',
    widthPx: 90,
    grow: 1,
    cell: ({ data }) => (
      <span class="mesh-node" title={data.peer_id}>
        <svg viewBox="-10 -10 20 20" width="14" height="14" aria-hidden="true">
          <path
            class={`shape ${data.role}`}
            data-tone={data.state && lookOf(data.state).tone}
            d={shapePath(SHAPES[data.role], 8)}
          />
        </svg>
        <span class="cut">{data.name ?? shortPeer(data.peer_id)}</span>
      </span>
    )
  },
  {
    key: 'role',
    title: 'Role or state',
    widthPx: 96,
    // Of a worker that is not ready, that says more than that it is one.
    cell: ({ data: { role, state = 'ready' } }) => (state === 'ready' ? role : lookOf(state).word)
  },
  {
    key: 'links',
    title: 'Links',
    widthPx: 42,
    isEnd: true,
    cell: ({ linkCount }) => formatCount(linkCount)
  }
]

/** Whom most are linked to comes first. */
function rowsOf({ links, nodes }: MapView): NodeRow[] {
  const counts = new Map<string, number>()
  for (const { from, to } of links) {
    counts.set(from, (counts.get(from) ?? 0) + 1)
    counts.set(to, (counts.get(to) ?? 0) + 1)
  }
  return nodes
    .map((data) => ({ data, linkCount: counts.get(data.peer_id) ?? 0 }))
    .toSorted(
      (one, other) =>
        other.linkCount - one.linkCount ||
        labelOf(one.data).localeCompare(labelOf(other.data), 'en', { numeric: true })
    )
}

function labelOf({ name, peer_id }: MapNode): string {
  return name ?? peer_id
}
