/** The workers' table as data: what a row shows, which rows a query lets through, and in which order they stand. Pure. */
import { shortPeer } from '../data/formats.ts'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { ReputationView } from '../../model/generated/api-reputation.ts'

export interface WorkerRow {
  id: string
  name: string
  node: NodeView
  /** What this router has seen of it; missing until that was read. */
  seen: ReputationView | undefined
  isQuarantined: boolean
  /** All that a word may be found in, in small letters. */
  text: string
}

export type SortKey = 'name' | 'state' | 'slots' | 'load' | 'latency' | 'reputation'

export interface RowFacts {
  nodes: Iterable<NodeView>
  reputations: ReadonlyMap<string, ReputationView>
  /** As their owners call them, by peer id. */
  names: ReadonlyMap<string, string>
  nowMs: number
}

export function rowsOf({ names, nodes, nowMs, reputations }: RowFacts): WorkerRow[] {
  return Array.from(nodes, (node) => {
    const seen = reputations.get(node.peer_id)
    const name = names.get(node.peer_id) ?? shortPeer(node.peer_id)
    const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`)
    const words = [name, node.peer_id, node.state, ...labels, ...(node.engines ?? [])]
    const isQuarantined = (seen?.quarantined_until_ms ?? 0) > nowMs
    return {
      id: node.peer_id,
      name,
      node,
      seen,
      isQuarantined,
      text: words.join(' ').toLowerCase()
    }
  })
}

type Test = (row: WorkerRow) => boolean

/** By the part of a term before its colon. */
const FIELDS: Readonly<Record<string, (value: string) => Test>> = {
  state: (value) => (row) => row.node.state.startsWith(value),
  engine: (value) => (row) => row.node.engines?.some((engine) => engine.startsWith(value)) === true,
  path: (value) => (row) => row.node.path?.startsWith(value) === true,
  label: (value) => (row) => hasLabel(row.node.labels, value),
  is: (value) => (row) => IS[value]?.(row) === true
}

const IS: Readonly<Record<string, Test>> = {
  busy: ({ node }) => node.running >= node.slots,
  free: ({ node }) => node.running < node.slots,
  gpu: ({ node }) => node.capabilities?.gpu_available === true,
  quarantined: ({ isQuarantined }) => isQuarantined,
  relayed: ({ node }) => node.path === 'relayed'
}

/** `state:ready label:zone=home engine:wasm berlin`: all terms have to hold; one without a known field is looked for everywhere. */
export function filterRows(rows: readonly WorkerRow[], query: string): readonly WorkerRow[] {
  const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map(testOf)
  return tests.length === 0 ? rows : rows.filter((row) => tests.every((test) => test(row)))
}

function testOf(term: string): Test {
  const [, field = '', value = ''] = /^([a-z]+):(.*)$/.exec(term) ?? []
  return FIELDS[field]?.(value) ?? (({ text }) => text.includes(term))
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [key, ...rest] = wanted.split('=')
  const value = rest.join('=')
  return Object.entries(labels).some(
    ([name, own]) =>
      name.toLowerCase() === key && (rest.length === 0 || own.toLowerCase().startsWith(value))
  )
}

/** What needs an eye comes first. */
const STATES: readonly NodeView['state'][] = [
  'unreachable',
  'connecting',
  'draining',
  'stopping',
  'cordoned',
  'ready'
]

type Compare = (one: WorkerRow, other: WorkerRow) => number

const COMPARE: Readonly<Record<SortKey, Compare>> = {
  name: (one, other) => compareText(one.name, other.name),
  state: (one, other) => STATES.indexOf(one.node.state) - STATES.indexOf(other.node.state),
  slots: (one, other) => busyRatio(one.node) - busyRatio(other.node),
  load: (one, other) => loadOf(one.node) - loadOf(other.node),
  latency: (one, other) => (one.node.latency_ms ?? Infinity) - (other.node.latency_ms ?? Infinity),
  reputation: (one, other) => one.node.reputation - other.node.reputation
}

export function isSortKey(key: string): key is SortKey {
  return Object.hasOwn(COMPARE, key)
}

/** Equal ones by name, then by id, so that rows that change do not change places. */
export function sortRows(
  rows: readonly WorkerRow[],
  { isDescending, key }: { key: SortKey; isDescending: boolean }
): readonly WorkerRow[] {
  const sign = isDescending ? -1 : 1
  return rows.toSorted(
    (one, other) =>
      // Two that are both unknown differ by NaN.
      sign * (COMPARE[key](one, other) || 0) ||
      compareText(one.name, other.name) ||
      compareText(one.id, other.id)
  )
}

/** Not `localeCompare`: a thousand names are compared with each push of news. */
const collator = new Intl.Collator('en', { numeric: true })
function compareText(one: string, other: string): number {
  return collator.compare(one, other)
}

export function busyRatio({ running, slots }: NodeView): number {
  return slots === 0 ? 0 : running / slots
}

/** Percent of its processors; below all where it has not said. */
function loadOf({ capabilities }: NodeView): number {
  return capabilities?.cpu_usage ?? -1
}
