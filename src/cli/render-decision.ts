/**
 * A decision record for people: each worker with the terms of its score as bars on one scale, so that
 * the eye adds them up, the facts behind them below, and then every reason in words.
 */
import { BYTES_PER_MB, formatBytes, formatDuration } from '../core/units.ts'
import { fraction } from './columns.ts'
import { formatCount, plural, renderBar, renderGrid, shortPeer } from './render.ts'
import type { DecisionCandidate, DecisionRecord, ScoreTerm } from '../model/generated/decision.ts'
import type { Style } from './render.ts'

/** Letters of the bar of a full score in the part that weighs most. */
const BAR_LETTERS = 10

const TERM_ORDER = ['cpu', 'memory', 'disk', 'gpu', 'latency', 'reputation', 'data']

/** What the raw figure of a term is. */
const RAW_TEXTS: Readonly<Record<string, (raw: number) => string>> = {
  cpu: (raw) => plural(raw, 'core'),
  memory: (raw) => `${formatMegabytes(raw)} free`,
  disk: (raw) => `${formatMegabytes(raw)} free`,
  gpu: (raw) => formatMegabytes(raw),
  latency: (raw) => formatDuration(raw),
  reputation: (raw) => fraction(raw),
  data: (raw) => `${formatBytes(raw)} there`
}

export function renderDecision(record: DecisionRecord, style: Style): string {
  const terms = weighedTerms(record)
  return [
    headline(record, style),
    ...(record.candidates.length === 0 ? [] : ['', scores(record, terms, style)]),
    '',
    ...reasons(record, style)
  ].join('\n')
}

/** What was decided, in one sentence. */
export function decisionSentence({ chosen, candidates, considered }: DecisionRecord): string {
  const winner = candidates.find(({ peer_id }) => peer_id === chosen)
  if (chosen === null) return `nobody was chosen out of ${plural(considered, 'worker')}`
  return `${shortPeer(chosen)} was chosen: ${winner?.reason ?? 'the record does not say why'}`
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

/** The parts that count at all, in their order. */
function weighedTerms({ weights }: DecisionRecord): string[] {
  const known = Object.keys(weights).filter((part) => (weights[part] ?? 0) > 0)
  return known.toSorted((left, right) => TERM_ORDER.indexOf(left) - TERM_ORDER.indexOf(right))
}

function scores(record: DecisionRecord, terms: readonly string[], style: Style): string {
  const heaviest = Math.max(...terms.map((term) => record.weights[term] ?? 0))
  const hasPreference = record.candidates.some(
    ({ preference = 0 }) => Math.abs(preference) >= 0.0005
  )
  const head = [
    'WORKER',
    'SCORE',
    ...terms.map((term) => `${term.toUpperCase()} ×${(record.weights[term] ?? 0).toFixed(2)}`),
    ...(hasPreference ? ['PREFER'] : []),
    'CHANCE'
  ].map((title) => style.dim(title))
  const rows = record.candidates.flatMap((candidate) => {
    const isChosen = candidate.peer_id === record.chosen
    const paint = isChosen ? style.green : (text: string): string => text
    const bars = terms.map((term) => termCell(candidate.terms[term], heaviest, paint))
    const facts = terms.map((term) => style.dim(factCell(term, candidate.terms[term])))
    const preference = (candidate.preference ?? 0).toFixed(3)
    return [
      [
        `${isChosen ? '▶' : ' '} ${paint(shortPeer(candidate.peer_id))}`,
        style.bold(fraction(candidate.score)),
        ...bars,
        ...(hasPreference ? [preference] : []),
        chanceOf(candidate)
      ],
      [`  ${style.dim(candidate.verdict)}`, '', ...facts, ...(hasPreference ? [''] : []), '']
    ]
  })
  return renderGrid(rows, { head })
}

function termCell(
  term: ScoreTerm | undefined,
  heaviest: number,
  paint: (text: string) => string
): string {
  if (term === undefined) return '–'
  const bar = renderBar(heaviest === 0 ? 0 : term.weighted / heaviest, BAR_LETTERS)
  return `${term.weighted.toFixed(3)} ${paint(bar)}`
}

function factCell(part: string, term: ScoreTerm | undefined): string {
  if (term === undefined) return ''
  return (RAW_TEXTS[part] ?? formatCount)(term.raw)
}

function chanceOf({ probability = 0, verdict }: DecisionCandidate): string {
  return verdict === 'rejected' || verdict === 'full' ? '–' : `${Math.round(probability * 100)}%`
}

function reasons(record: DecisionRecord, style: Style): string[] {
  const { candidates, chosen, considered, rejected } = record
  const others = candidates.filter(({ peer_id }) => peer_id !== chosen)
  const lines = others.map(
    ({ peer_id, reason, verdict }) => `  ${shortPeer(peer_id)}  ${verdict}: ${reason}`
  )
  const unlisted = considered - candidates.length
  const codes = Object.entries(rejected).map(([code, count]) => `${count} × ${code}`)
  if (unlisted > 0) lines.push(`  … ${unlisted} more`)
  if (codes.length > 0) lines.push(`  refused in all: ${codes.join(', ')}`)
  return [style.bold(decisionSentence(record)), ...lines]
}

function formatMegabytes(megabytes: number): string {
  return formatBytes(megabytes * BYTES_PER_MB)
}
