/** The columns of every table, by what its rows are. */
import { BYTES_PER_MB, formatBytes, formatDuration } from '../core/units.ts'
import { systemClock } from '../core/clock.ts'
import { USAGE_COLUMNS } from './usage.ts'
import { codesOf } from './errors.ts'
import { shortFileId } from './file-words.ts'
import { formatCount, formatLabels, renderBar, shortPeer, shorten } from './render.ts'
import { listOutputs } from './render-files.ts'
import { workStateOf } from '../model/worker-list.ts'
import type { AttemptView, HistoryRow, ItemView, JobView } from '../model/generated/api-job.ts'
import type { FileView } from '../model/generated/api-file.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { PeerView, Rate } from '../model/generated/api-peer.ts'
import type { Column } from './render.ts'

const RESULT_LETTERS = 60
const WIDE_LETTERS = 200

export const JOB_COLUMNS: readonly Column<JobView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'name', text: ({ name }) => shorten(name ?? '–', 30) },
  { title: 'state', text: ({ state }) => state },
  { title: 'tasks', text: progressOf, align: 'right' },
  { title: 'engine', text: ({ engine }) => engine },
  { title: 'age', text: ({ created_at_ms }) => ageOf(created_at_ms), align: 'right' },
  { title: 'took', text: (job) => tookOf(job.started_at_ms, job.ended_at_ms), align: 'right' },
  {
    title: 'attempts',
    text: ({ attempts }) => formatCount(attempts),
    align: 'right',
    isWide: true
  },
  { title: 'priority', text: ({ priority }) => String(priority), align: 'right', isWide: true },
  { title: 'share', text: ({ share }) => share, isWide: true },
  { title: 'submitter', text: ({ submitter }) => shortPeer(submitter), isWide: true },
  { title: 'labels', text: ({ labels }) => formatLabels(labels), isWide: true },
  { title: 'note', text: (job) => shorten(noteOf(job), RESULT_LETTERS) }
]

/** Jobs that are looked at together while they run. */
export const WATCH_COLUMNS: readonly Column<JobView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'name', text: ({ name }) => shorten(name ?? '–', 30) },
  { title: 'state', text: ({ state }) => state },
  { title: 'progress', text: barOf },
  { title: 'done', text: ({ counts }) => formatCount(counts.completed), align: 'right' },
  { title: 'running', text: ({ counts }) => formatCount(counts.running), align: 'right' },
  { title: 'waiting', text: ({ counts }) => formatCount(counts.queued), align: 'right' },
  { title: 'failed', text: ({ counts }) => formatCount(counts.failed), align: 'right' },
  { title: 'took', text: (job) => tookOf(job.started_at_ms, job.ended_at_ms), align: 'right' },
  { title: 'note', text: (job) => shorten(noteOf(job), RESULT_LETTERS) }
]

/** The jobs of one submission, with what came of each. */
export const GRAPH_COLUMNS: readonly Column<JobView>[] = [
  { title: 'job', text: ({ name }) => shorten(name ?? '–', 30) },
  { title: 'id', text: ({ id }) => id },
  { title: 'state', text: ({ state }) => state },
  { title: 'tasks', text: progressOf, align: 'right' },
  { title: 'took', text: (job) => tookOf(job.started_at_ms, job.ended_at_ms), align: 'right' },
  { title: 'result', text: (job) => shorten(resultOf(job) || noteOf(job), RESULT_LETTERS) },
  { title: 'needs', text: ({ needs }) => needs.join(' '), isWide: true }
]

export const HISTORY_COLUMNS: readonly Column<HistoryRow>[] = [
  { title: 'time', text: ({ at_ms }) => timeOf(at_ms) },
  { title: 'of', text: whatOf },
  { title: 'state', text: ({ state }) => state },
  { title: 'by', text: ({ by }) => shortPeer(by) },
  { title: 'reason', text: ({ reason }) => reason },
  { title: 'blame', text: ({ blame }) => blame ?? '–', isWide: true },
  { title: 'worker', text: ({ worker }) => shortPeer(worker), isWide: true },
  {
    title: 'why',
    text: ({ hint, text = '' }) =>
      shorten(hint === undefined ? text : `${text}; ${hint}`, WIDE_LETTERS)
  }
]

export const ITEM_COLUMNS: readonly Column<ItemView>[] = [
  { title: 'item', text: ({ id }) => shorten(id, 40) },
  { title: 'state', text: ({ state }) => state },
  { title: 'worker', text: ({ worker }) => shortPeer(worker) },
  { title: 'attempts', text: ({ attempts }) => String(attempts), align: 'right' },
  { title: 'took', text: (item) => tookOf(item.started_at_ms, item.ended_at_ms), align: 'right' },
  { title: 'result', text: (item) => shorten(resultOf(item), RESULT_LETTERS) },
  { title: 'whole result', text: (item) => shorten(resultOf(item), WIDE_LETTERS), isWide: true }
]

export const ATTEMPT_COLUMNS: readonly Column<AttemptView>[] = [
  { title: 'item', text: ({ item }) => shorten(item, 40) },
  { title: 'attempt', text: ({ attempt }) => String(attempt), align: 'right' },
  { title: 'role', text: ({ role }) => role },
  { title: 'state', text: ({ state }) => state },
  { title: 'worker', text: ({ worker }) => shortPeer(worker) },
  { title: 'took', text: (row) => tookOf(row.offered_at_ms, row.ended_at_ms), align: 'right' },
  ...USAGE_COLUMNS,
  { title: 'reason', text: ({ reason = '' }) => shorten(reason, RESULT_LETTERS) }
]

export const NODE_COLUMNS: readonly Column<NodeView>[] = [
  { title: 'worker', text: ({ peer_id }) => shortPeer(peer_id) },
  { title: 'state', text: workStateOf },
  { title: 'slots', text: ({ slots }) => String(slots), align: 'right' },
  { title: 'running', text: ({ running }) => String(running), align: 'right' },
  { title: 'queued', text: ({ queued }) => String(queued), align: 'right', isWide: true },
  { title: 'wait', text: waitOf, align: 'right', isWide: true },
  { title: 'speed', text: speedOf, align: 'right', isWide: true },
  { title: 'cpu', text: cpuOf, align: 'right' },
  { title: 'memory free', text: memoryOf, align: 'right' },
  { title: 'path', text: ({ path }) => path ?? '–' },
  { title: 'rtt (ms)', text: ({ latency_ms }) => roundTripOf(latency_ms), align: 'right' },
  {
    title: 'to (MiB/s)',
    text: ({ bandwidth }) => rateOf(bandwidth?.to),
    align: 'right',
    isWide: true
  },
  {
    title: 'from (MiB/s)',
    text: ({ bandwidth }) => rateOf(bandwidth?.from),
    align: 'right',
    isWide: true
  },
  { title: 'relay', text: ({ relay }) => shortPeer(relay), isWide: true },
  { title: 'score', text: ({ score }) => fraction(score), align: 'right' },
  { title: 'reputation', text: reputationOf, align: 'right' },
  {
    title: 'certificate until',
    text: ({ certificate_until_ms: atMs }) => (atMs === undefined ? '–' : minuteOf(atMs)),
    isWide: true
  },
  { title: 'labels', text: ({ labels }) => formatLabels(labels) },
  { title: 'engines', text: ({ engines }) => (engines ?? []).join(' ') },
  { title: 'isolation', text: isolationOf, isWide: true },
  { title: 'network', text: networkOf, isWide: true },
  { title: 'offers', text: (node) => shorten(offersOf(node), RESULT_LETTERS), isWide: true },
  { title: 'peer id', text: ({ peer_id }) => peer_id, isWide: true },
  { title: 'addresses', text: ({ addresses }) => addresses.join(' '), isWide: true }
]

export const PEER_COLUMNS: readonly Column<PeerView>[] = [
  { title: 'peer', text: ({ peer_id }) => shortPeer(peer_id) },
  { title: 'direction', text: ({ direction }) => direction },
  { title: 'path', text: ({ path }) => path },
  { title: 'relay', text: ({ relay }) => shortPeer(relay) },
  { title: 'rtt (ms)', text: ({ latency_ms }) => roundTripOf(latency_ms), align: 'right' },
  { title: 'to (MiB/s)', text: ({ bandwidth }) => rateOf(bandwidth?.to), align: 'right' },
  { title: 'from (MiB/s)', text: ({ bandwidth }) => rateOf(bandwidth?.from), align: 'right' },
  { title: 'since', text: ({ connected_at_ms }) => ageOf(connected_at_ms), align: 'right' },
  { title: 'agent', text: ({ agent }) => agent ?? '–' },
  { title: 'address', text: ({ addresses }) => withoutPeerId(addresses[0] ?? '–') },
  { title: 'peer id', text: ({ peer_id }) => peer_id, isWide: true }
]

export const FILE_COLUMNS: readonly Column<FileView>[] = [
  { title: 'id', text: ({ id }) => shortFileId(id) },
  { title: 'name', text: ({ name }) => shorten(name, 40) },
  { title: 'size', text: ({ size }) => formatBytes(size), align: 'right' },
  { title: 'holders', text: ({ holders }) => formatCount(holders), align: 'right' },
  { title: 'state', text: ({ state }) => state },
  { title: 'pinned', text: pinnedOf },
  { title: 'bytes', text: ({ size }) => formatCount(size), align: 'right', isWide: true },
  { title: 'whole id', text: ({ id }) => id, isWide: true }
]

/** Local date and time to the millisecond: changes come close together. */
export function timeOf(atMs: number): string {
  const at = new Date(atMs)
  const local = new Date(atMs - at.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 23).replace('T', ' ')
}

/** The same to the minute, of what holds for hours. */
export function minuteOf(atMs: number): string {
  return timeOf(atMs).slice(0, 'YYYY-MM-DD HH:MM'.length)
}

export function ageOf(atMs: number): string {
  const seconds = Math.max(0, Math.round((systemClock.wallMs() - atMs) / 1_000))
  return seconds === 0 ? '0s' : formatDuration(seconds * 1_000)
}

/** An address without the peer id at its end, where that is said beside it. */
export function withoutPeerId(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

/** From the start to the end; to now while there is no end. */
export function tookOf(
  startMs: number | null | undefined,
  endMs: number | null | undefined
): string {
  if (startMs === null || startMs === undefined) return '–'
  return formatDuration(Math.max(0, (endMs ?? systemClock.wallMs()) - startMs))
}

/** Three figures: a fraction of 1, as scores and reputations are. */
export function fraction(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(3)
}

export function latencyOf(milliseconds: number | null): string {
  return milliseconds === null ? '–' : formatDuration(milliseconds)
}

/** Figures without their unit, which stands above them. */
function roundTripOf(milliseconds: number | null): string {
  return milliseconds === null ? '–' : fewFigures(milliseconds)
}

const BYTES_PER_MIB = 2 ** 20

function rateOf(rate: Rate | undefined): string {
  return rate === undefined ? '–' : fewFigures(rate.bytes_per_second / BYTES_PER_MIB)
}

function fewFigures(value: number): string {
  return value < 10 ? String(Number(value.toFixed(value < 1 ? 2 : 1))) : String(Math.round(value))
}

type Outcome = Pick<ItemView, 'error' | 'outputs' | 'output_file' | 'result'>

/** A result in one line: a text as it is, anything else as JSON; then the files that were left beside it. */
export function resultOf({ error, output_file: file, outputs, result }: Outcome): string {
  if (error !== undefined) return `${codesOf(error)}: ${error.message}`
  const value =
    file === undefined ? valueText(result) : `file ${file.file} (${formatBytes(file.size)})`
  if (outputs === undefined) return value
  return `${value === '' || value === 'null' ? '' : `${value}; `}${listOutputs(outputs)}`
}

function valueText(result: ItemView['result']): string {
  if (result === undefined) return ''
  return typeof result === 'string' ? result : JSON.stringify(result)
}

function progressOf({ counts, item_count }: JobView): string {
  return item_count === 1 ? '1' : `${counts.completed}/${item_count}`
}

const BAR_LETTERS = 16

/** What has ended, as a bar. */
function barOf({ counts, item_count }: JobView): string {
  const { completed, failed, stopped } = counts
  return renderBar((completed + failed + stopped) / item_count, BAR_LETTERS).padEnd(
    BAR_LETTERS,
    '·'
  )
}

/** The job itself, or one of its attempts. */
function whatOf({ attempt, item, of }: HistoryRow): string {
  return of === 'job' ? 'job' : `${shorten(item ?? '', 30)} attempt ${attempt ?? '–'}`
}

function noteOf({ due_at_ms, error, waiting_for, counts }: JobView): string {
  if (error !== undefined) return `${codesOf(error)}: ${error.message}`
  if (waiting_for !== null) return waiting_for
  if (due_at_ms !== null) return `begins ${timeOf(due_at_ms)}`
  return counts.failed > 0 ? `${counts.failed} failed` : ''
}

/** `process sandbox, function none` */
function isolationOf({ isolation = {} }: NodeView): string {
  const parts = Object.entries(isolation).map(([engine, name]) => `${engine} ${name}`)
  return parts.join(', ') || '–'
}

/** The engines whose tasks may reach it. */
function networkOf({ network }: NodeView): string {
  return network === undefined ? '–' : network.join(' ') || 'none'
}

/** What tasks may name there. */
function offersOf({ functions = [], images = [], programs = [] }: NodeView): string {
  return [...functions, ...programs, ...images].join(' ') || '–'
}

function waitOf({ wait_ms: waitMs }: NodeView): string {
  return waitMs === undefined ? '–' : formatDuration(Math.ceil(waitMs))
}

function speedOf({ speed }: NodeView): string {
  return speed === undefined ? '–' : `${speed.toFixed(1)} GHz`
}

function cpuOf({ capabilities }: NodeView): string {
  if (capabilities === undefined) return '–'
  return `${capabilities.cpu_cores} × ${Math.round(100 - capabilities.cpu_usage)}% idle`
}

function memoryOf({ capabilities }: NodeView): string {
  return capabilities === undefined
    ? '–'
    : formatBytes(capabilities.memory_available_mb * BYTES_PER_MB)
}

function reputationOf({ reputation, evidence }: NodeView): string {
  return `${fraction(reputation)} of ${formatCount(evidence)}`
}

function pinnedOf({ kept_until: until, pinned }: FileView): string {
  if (pinned) return 'yes'
  return until === undefined ? 'no' : `until ${timeOf(until).slice(0, 16)}`
}
