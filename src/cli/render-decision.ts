/**
 * A decision record for people: what each worker would have cost, part by part in milliseconds as they add up, and
 * then every reason in words. A wide one has the facts behind the figures below them, with their ages.
 */
import { BYTES_PER_MB, formatBytes, formatDuration } from '../core/units.ts'
import { printable } from '../core/plain-text.ts'
import { renderRate } from './byte-amounts.ts'
import { fraction } from './columns.ts'
import { formatCount, plural, renderGrid, shortPeer } from './render.ts'
import type { DecisionCandidate, DecisionRecord } from '../model/generated/decision.ts'
import type { Style } from './render.ts'

/** For `--help` of whatever prints one. */
export const DECISION_NOTES =
  'All figures are milliseconds: NET is the round trip, with the text of the task on its way there and its answer on its way back, WAIT until a slot is free, RUN the task itself; CROWD, MEM, DISK and GPU are charges for how full it is and for room that larger tasks need, DATA is for inputs that it lacks, RISK for what its failures cost. They add up to the cost; the least is best. SCORE is the least cost as a share of its own, CHANCE how likely it was to be drawn. -o wide shows the facts behind the figures.'

export interface DecisionStyle {
  /** With the fact behind each part, and how well the machine suits at all. */
  isWide?: boolean
}

/** A part of the cost: the term that it belongs to, whose factor it counts by, and where it stands in a row. */
interface Part {
  title: string
  term: string
  msOf: (row: DecisionCandidate) => number
  /** Of several parts of one term the first shows its fact. */
  hasFact: boolean
}

const PARTS: readonly Part[] = [
  { title: 'NET', term: 'latency', msOf: msOf('latency'), hasFact: true },
  { title: 'WAIT', term: 'cpu', msOf: ({ wait_ms }) => wait_ms, hasFact: false },
  { title: 'RUN', term: 'cpu', msOf: ({ run_ms }) => run_ms, hasFact: true },
  { title: 'CROWD', term: 'cpu', msOf: ({ crowd_ms }) => crowd_ms, hasFact: false },
  { title: 'MEM', term: 'memory', msOf: msOf('memory'), hasFact: true },
  { title: 'DISK', term: 'disk', msOf: msOf('disk'), hasFact: true },
  { title: 'GPU', term: 'gpu', msOf: msOf('gpu'), hasFact: true },
  { title: 'DATA', term: 'data', msOf: msOf('data'), hasFact: true },
  { title: 'RISK', term: 'reputation', msOf: msOf('reputation'), hasFact: true }
]

const HUNDRED = 100

/** What the fact of a term is: its raw figure, or what the part was reckoned from. */
const FACT_TEXTS: Readonly<Record<string, (raw: number, row: DecisionCandidate) => string>> = {
  cpu: (raw) => plural(raw, 'core'),
  memory: (raw) => `${formatMegabytes(raw)} free`,
  disk: (raw) => `${formatMegabytes(raw)} free`,
  gpu: (raw) => formatMegabytes(raw),
  latency: (raw, row) => [formatDuration(raw), ...wayFacts(row)].join(', '),
  reputation: (_, { prospect }) => `sees ${(prospect * HUNDRED).toFixed(1)}% through`,
  data: (raw) => `${formatBytes(raw)} there`
}

export function renderDecision(
  record: DecisionRecord,
  style: Style,
  { isWide = false }: DecisionStyle = {}
): string {
  return [
    headline(record, style),
    ...(record.candidates.length === 0 ? [] : ['', costs(record, style, isWide)]),
    '',
    ...reasons(record, style)
  ].join('\n')
}

/** What was decided, in one sentence. */
export function decisionSentence({ chosen, candidates, considered }: DecisionRecord): string {
  const winner = candidates.find(({ peer_id }) => peer_id === chosen)
  if (chosen === null) return `nobody was chosen out of ${plural(considered, 'worker')}`
  return `${shortPeer(chosen)}${pathOf(winner)} was chosen: ${printable(winner?.reason ?? 'the record does not say why')}`
}

/** Why a worker did not get a task, in one sentence. */
export function whyNotSentence({ candidates, chosen }: DecisionRecord): string {
  const winner = candidates.find(({ peer_id }) => peer_id === chosen)
  const other = candidates.find(({ peer_id }) => peer_id !== chosen)
  if (other === undefined) return `${shortPeer(chosen)} is the one that was chosen`
  const { cost_ms: costMs, judged_at_ms: judgedAtMs, peer_id: peer, reason } = other
  const when = judgedAtMs === undefined ? '' : ' (not listed then; by what is known now)'
  const isCompared =
    winner !== undefined && judgedAtMs === undefined && other.verdict !== 'rejected'
  const figures = isCompared
    ? `: it costs ${formatCost(costMs)}, ${shortPeer(chosen)} ${formatCost(winner.cost_ms)}`
    : ''
  return `not ${shortPeer(peer)}${pathOf(other)}${when}: ${printable(reason)}${figures}`
}

function headline(record: DecisionRecord, style: Style): string {
  const { attempt, considered, item, job_id: jobId, pick, preset } = record
  const subject = [
    jobId,
    item === undefined ? undefined : `item ${item}`,
    attempt === undefined ? undefined : `attempt ${attempt}`
  ].filter((part) => part !== undefined)
  const rule = `${plural(considered, 'worker')} looked at, preset ${preset}, pick ${pick}`
  const prefix = subject.length === 0 ? '' : `${style.bold(subject.join(', '))}: `
  return `${prefix}${rule}`
}

/** One row a worker, in milliseconds; the parts that count at all. */
function costs(record: DecisionRecord, style: Style, isWide: boolean): string {
  const parts = PARTS.filter(({ term }) => (record.factors[term] ?? 0) > 0)
  const hasPreference = record.candidates.some(({ preference = 1 }) => preference !== 1)
  const head = [
    'WORKER',
    ...parts.map(({ title }) => title),
    ...(hasPreference ? ['PREFER'] : []),
    '= COST',
    'SCORE',
    'CHANCE',
    ...(isWide ? ['SUITS'] : [])
  ].map((title) => style.dim(title))
  const times = parts.map(({ term }) => timesText(record.factors[term] ?? 1))
  const factors = times.every((text) => text === '') ? [] : [['', ...times.map(style.dim)]]
  const rows = record.candidates.flatMap((row) => {
    const isChosen = row.peer_id === record.chosen
    const paint = isChosen ? style.green : (text: string): string => text
    const cells = [
      `${isChosen ? '▶' : ' '} ${paint(shortPeer(row.peer_id))}`,
      ...parts.map(({ msOf: ms }) => formatMs(ms(row))),
      ...(hasPreference ? [`×${row.preference ?? 1}`] : []),
      style.bold(formatMs(row.cost_ms)),
      row.score.toFixed(2),
      chanceOf(row),
      ...(isWide ? [fraction(row.weighted_score)] : [])
    ]
    return isWide ? [cells, factCells(row, parts, style)] : [cells]
  })
  const aligns = head.map((_, index) => (index === 0 ? ('left' as const) : ('right' as const)))
  return renderGrid([...factors, ...rows], { head, aligns })
}

function factCells(row: DecisionCandidate, parts: readonly Part[], style: Style): string[] {
  const facts = parts.map(({ hasFact, term }) => (hasFact ? factOf(term, row) : ''))
  return [`  ${row.verdict}`, ...facts].map((text) => style.dim(text))
}

/** `8 cores, 1.2s ago` */
function factOf(name: string, row: DecisionCandidate): string {
  const term = row.terms[name]
  if (term === undefined) return ''
  const textOf = FACT_TEXTS[name] ?? formatCount
  return `${textOf(term.raw, row)}, ${formatDuration(term.age_ms)} ago`
}

function chanceOf({ probability = 0, verdict }: DecisionCandidate): string {
  return verdict === 'rejected' || verdict === 'full' ? '–' : `${Math.round(probability * 100)}%`
}

function reasons(record: DecisionRecord, style: Style): string[] {
  const { candidates, chosen, considered, rejected } = record
  const others = candidates.filter(({ peer_id }) => peer_id !== chosen)
  const lines = others.map(
    (row) => `  ${shortPeer(row.peer_id)}${pathOf(row)}  ${row.verdict}: ${printable(row.reason)}`
  )
  const unlisted = considered - candidates.length
  const codes = Object.entries(rejected).map(([code, count]) => `${count} × ${code}`)
  if (unlisted > 0) lines.push(`  … ${unlisted} more`)
  if (codes.length > 0) lines.push(`  refused in all: ${codes.join(', ')}`)
  return [style.bold(decisionSentence(record)), ...lines]
}

/** `, relayed` */
function pathOf(row: DecisionCandidate | undefined): string {
  return row?.path === undefined ? '' : ` (${row.path})`
}

function timesText(factor: number): string {
  return Math.abs(factor - 1) < 0.005 ? '' : `×${Number(factor.toFixed(2))}`
}

/** Tenths where there are few, seconds where there are many: nobody adds up more. */
function formatMs(ms: number): string {
  if (ms >= 10_000) return `${Number((ms / 1_000).toFixed(1))}s`
  return ms < 10 ? String(Number(ms.toFixed(1))) : String(Math.round(ms))
}

/** The same in a sentence. */
function formatCost(ms: number): string {
  const text = formatMs(ms)
  return text.endsWith('s') ? text : `${text} ms`
}

/** `1.2s to move`, `12MiB/s to it`, `relayed` */
function wayFacts({ bandwidth = {}, move_ms: moveMs, path }: DecisionCandidate): string[] {
  const rates = (['to', 'from'] as const).flatMap((direction) => {
    const rate = bandwidth[direction]
    return rate === undefined ? [] : `${renderRate(rate.bytes_per_second)} ${direction} it`
  })
  return [
    ...(moveMs === undefined ? [] : [`${formatDuration(moveMs)} to move`]),
    ...rates,
    ...(path === undefined ? [] : [path])
  ]
}

function msOf(term: string): (row: DecisionCandidate) => number {
  return ({ terms }) => terms[term]?.ms ?? 0
}

function formatMegabytes(megabytes: number): string {
  return formatBytes(megabytes * BYTES_PER_MB)
}
