/** A job's changes and its end, for people. */
import { formatDuration } from '../core/units.ts'
import { printable } from '../core/plain-text.ts'
import { ITEM_COLUMNS, tookOf } from './columns.ts'
import { plural, renderTable, shortPeer } from './render.ts'
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
  const colour = colourOf(job.state, style)
  const took = tookOf(job.created_at_ms, job.ended_at_ms)
  const where = job.item_count > 1 ? `, ${plural(job.attempts, 'attempt')}` : placeOf(job)
  return `${colour(job.state)}  ${job.id}  ${plural(job.item_count, 'task')} in ${took}${where}`
}

function placeOf({ reused_from: earlier, worker }: JobView): string {
  if (earlier !== undefined) return `, the result of ${earlier.job}`
  return worker === undefined || worker === null ? '' : ` on ${shortPeer(worker)}`
}

export function colourOf(state: JobView['state'], style: Style): (text: string) => string {
  switch (state) {
    case 'completed':
      return style.green
    case 'failed':
    case 'stopped':
      return style.red
    case 'held':
      return style.yellow
    case 'pending':
    case 'queued':
    case 'running':
      return style.cyan
  }
}

/** One line per change of state of one among several jobs. */
export function renderChange({ id, name, state }: JobView): string {
  return `${id}  ${printable(name ?? '–')}  ${state}`
}

/** One line per change of a job. */
export function renderProgressLine(atMs: number, job: JobView): string {
  const { queued, running, completed, failed } = job.counts
  const failures = failed > 0 ? `  ${failed} failed` : ''
  const at = `+${formatDuration(Math.max(0, atMs - job.created_at_ms))}`.padEnd(9)
  return `${at} ${job.id}  ${job.state.padEnd(10)} ${completed} done  ${running} running  ${queued} waiting${failures}`
}
