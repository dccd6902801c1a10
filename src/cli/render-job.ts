/** A job's end and its details, for people. */
import { formatDuration } from '../core/units.ts'
import { isTerminal } from '../jobs/records.ts'
import { ITEM_COLUMNS, ageOf, tookOf } from './columns.ts'
import { formatLabels, plural, renderFacts, renderTable, shortPeer } from './render.ts'
import type { ItemView, JobView } from '../model/generated/api-job.ts'
import type { Style } from './render.ts'

/** More items than this are for `job items`. */
const ITEMS_SHOWN_MAX = 25

/** A text as it is, anything else as indented JSON. */
export function renderResult(result: unknown): string {
  return typeof result === 'string' ? result : JSON.stringify(result, null, 2)
}

/** The items of a finished array job: those that failed first, for they are what one looks for. */
export function renderItems(job: JobView, items: readonly ItemView[], style: Style): string {
  const failed = items.filter(({ state }) => state !== 'completed')
  const others = items.filter(({ state }) => state === 'completed')
  const shown = [...failed, ...others].slice(0, ITEMS_SHOWN_MAX)
  const columns = ITEM_COLUMNS.filter(({ isWide }) => isWide !== true)
  const table = renderTable(shown, columns, style)
  const rest = job.item_count - shown.length
  return rest > 0 ? `${table}\n${style.dim(`… ${rest} more: taskmesh job items ${job.id}`)}` : table
}

/** `completed  j-7m2k9x04tqhe  263 tasks in 4.2s, 263 attempts` */
export function renderEnd(job: JobView, style: Style): string {
  const colour = job.state === 'completed' ? style.green : style.red
  const took = tookOf(job.created_at_ms, job.ended_at_ms)
  const where = job.item_count > 1 ? `, ${plural(job.attempts, 'attempt')}` : placeOf(job)
  return `${colour(job.state)}  ${job.id}  ${plural(job.item_count, 'task')} in ${took}${where}`
}

function placeOf({ worker }: JobView): string {
  return worker === undefined || worker === null ? '' : ` on ${shortPeer(worker)}`
}

export function renderJob(job: JobView, style: Style): string {
  const { counts } = job
  const facts: [string, string][] = [
    ['id', style.bold(job.id)],
    ['name', job.name ?? '–'],
    ['state', job.state],
    ['engine', job.engine],
    ['priority', String(job.priority)],
    ['labels', formatLabels(job.labels)],
    ['tasks', countsText(job)],
    ['attempts', String(job.attempts)],
    ['submitted', `${ageOf(job.created_at_ms)} ago`],
    ['took', isTerminal(job.state) ? tookOf(job.started_at_ms, job.ended_at_ms) : '–']
  ]
  if (job.worker !== undefined) facts.push(['worker', job.worker ?? '–'])
  if (job.waiting_for !== null) facts.push(['waiting for', job.waiting_for])
  if (job.error !== undefined) {
    facts.push(['error', style.red(`${job.error.code}: ${job.error.message}`)])
    if (job.error.hint !== undefined) facts.push(['hint', job.error.hint])
  }
  if (job.result !== undefined) facts.push(['result', renderResult(job.result)])
  if (counts.failed > 0 && job.item_count > 1) {
    facts.push(['see', `taskmesh job items ${job.id} --state failed`])
  }
  return renderFacts(facts, style)
}

function countsText({ counts, item_count }: JobView): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  return item_count === 1 ? '1' : `${item_count}: ${parts.join(', ')}`
}

/** One line per change of a job. */
export function renderProgressLine(
  atMs: number,
  startMs: number,
  job: Pick<JobView, 'state' | 'counts'>
): string {
  const { queued, running, completed, failed } = job.counts
  const failures = failed > 0 ? `  ${failed} failed` : ''
  const at = `+${formatDuration(Math.max(0, atMs - startMs))}`.padEnd(9)
  return `${at} ${job.state.padEnd(10)} ${completed} done  ${running} running  ${queued} waiting${failures}`
}
