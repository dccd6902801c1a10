/** One worker's reputation in full, for people: what it is, what it is made of, how it went. */
import { ageOf, fraction, latencyOf, timeOf } from './columns.ts'
import { TASK_TYPE_COLUMNS, speedText } from './reputation-columns.ts'
import { formatCount, plural, renderFacts, renderGrid, renderTable } from './render.ts'
import type { ReputationDetails, ReputationView } from '../model/generated/api-reputation.ts'
import type { Style } from './render.ts'

const SPARKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const HOUR_MS = 3_600_000
const TREND_HOURS = 48

export function renderReputation(view: ReputationView, style: Style): string {
  const { details } = view
  const parts = [renderFacts(facts(view, style), style)]
  if (details !== undefined) {
    if (details.trend.length > 0) parts.push(renderTrend(details, style))
    if (details.changes.length > 0) parts.push(renderChanges(details, style))
  }
  return parts.join('\n\n')
}

/** By type of task. */
export function renderTaskTypes(view: ReputationView, style: Style): string {
  const types = view.details?.task_types ?? []
  const head = renderFacts([['peer id', style.bold(view.peer_id)]], style)
  if (types.length === 0) return `${head}\n\nno task of a known type was counted`
  return `${head}\n\n${renderTable(types, TASK_TYPE_COLUMNS, style)}`
}

/** One letter an hour, from 0 to 1; an hour in which nothing happened is as the one before. */
export function sparkline(trend: ReputationDetails['trend'], asOfMs: number): string {
  const lastHour = Math.floor(asOfMs / HOUR_MS)
  const byHour = new Map(trend.map((point) => [Math.floor(point.hour_ms / HOUR_MS), point]))
  const firstHour = Math.max(lastHour - TREND_HOURS + 1, Math.min(lastHour, ...byHour.keys()))
  let value = byHour.get(firstHour)?.reputation ?? trend[0]?.reputation ?? 0
  let line = ''
  for (let hour = firstHour; hour <= lastHour; hour += 1) {
    value = byHour.get(hour)?.reputation ?? value
    line += SPARKS[Math.min(SPARKS.length - 1, Math.floor(value * SPARKS.length))] ?? ''
  }
  return line
}

function facts(view: ReputationView, style: Style): [string, string][] {
  const { counts, imported, reliability } = view
  const rows: [string, string][] = [
    ['peer id', style.bold(view.peer_id)],
    ['state', stateOf(view, style)],
    [
      'reputation',
      `${style.bold(fraction(view.reputation))} = ${fraction(reliability)} reliable × ${fraction(view.correctness)} correct`
    ],
    [
      'tasks done',
      `expected ${fraction(view.expected)}, between ${fraction(reliability)} and ${fraction(view.upper)}; placement reckons with ${fraction(view.prospect)}`
    ],
    ['evidence', `${plural(view.evidence, 'outcome')}: ${countsOf(counts)}`],
    ['verified', verifiedOf(view)],
    ['average', `${latencyOf(view.average_latency_ms)}, speed ${speedText(view)}`]
  ]
  if (view.details !== undefined) rows.push(['counts now', fadedOf(view.details)])
  if (imported.good + imported.bad > 0) {
    const { bad, good } = imported
    rows.push(['from others', `${good.toFixed(1)} good, ${bad.toFixed(1)} bad, of listed routers`])
  }
  return [
    ...rows,
    ['first seen', seenOf(view.first_seen_ms)],
    ['last seen', seenOf(view.last_seen_ms)],
    ['last change', view.last_change ?? '–']
  ]
}

function stateOf({ quarantined_until_ms: until, state }: ReputationView, style: Style): string {
  if (until !== null) return style.red(`${state} until ${timeOf(until).slice(0, 19)}`)
  return state === 'trusted' ? style.green(state) : style.yellow(state)
}

/** Those that are not 0. */
function countsOf(counts: ReputationView['counts']): string {
  const named = Object.entries(counts).filter(([name, count]) => count > 0 && name !== 'right')
  return named.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ') || 'none'
}

function verifiedOf({ check_probability: share, counts, streak, strikes }: ReputationView): string {
  const next = `${Math.round(share * 100)}% of the next are checked`
  const wrong = strikes === 0 ? '' : `, ${formatCount(counts.wrong)} wrong`
  return `${formatCount(counts.right)} right${wrong}; ${streak.toFixed(1)} in a row; ${next}`
}

function fadedOf({ faded }: ReputationDetails): string {
  const { bad, good, right, wrong } = faded
  return `${good.toFixed(1)} good, ${bad.toFixed(1)} bad, ${right.toFixed(1)} right, ${wrong.toFixed(1)} wrong`
}

function renderTrend({ as_of_ms: asOfMs, trend }: ReputationDetails, style: Style): string {
  const values = trend.map(({ reputation }) => reputation)
  const low = fraction(Math.min(...values))
  const high = fraction(Math.max(...values))
  const line = sparkline(trend, asOfMs)
  const hours = plural(line.length, 'hour')
  return `${style.dim('trend')}  ${line}  ${hours}, from ${low} to ${high}, now ${fraction(values.at(-1))}`
}

function renderChanges({ changes }: ReputationDetails, style: Style): string {
  const rows = changes.map(({ at_ms: atMs, count, from, text, to }) => [
    timeOf(atMs),
    count === 1 ? text : `${text} (${formatCount(count)} times)`,
    `${fraction(from)} → ${arrow(from, to, style)}`
  ])
  const head = ['time', 'what', 'reputation'].map((title) => style.dim(title.toUpperCase()))
  return renderGrid(rows, { head })
}

function arrow(from: number, to: number, style: Style): string {
  const text = fraction(to)
  if (to === from) return text
  return to > from ? style.green(text) : style.red(text)
}

function seenOf(atMs: number | null): string {
  return atMs === null ? '–' : `${timeOf(atMs).slice(0, 19)}, ${ageOf(atMs)} ago`
}
