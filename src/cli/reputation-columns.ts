/** The columns of tables about reputation. */
import { ageOf, fraction, latencyOf, timeOf } from './columns.ts'
import { formatCount, shortPeer, shorten } from './render.ts'
import type { Column } from './render.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { ReputationView, TaskTypeReputation } from '../model/generated/api-reputation.ts'
import type { WorkerRecount } from '../reputation/recount.ts'

export const REPUTATION_COLUMNS: readonly Column<ReputationView>[] = [
  { title: 'worker', text: ({ peer_id }) => shortPeer(peer_id) },
  { title: 'state', text: ({ state }) => state },
  { title: 'reputation', text: ({ reputation }) => fraction(reputation), align: 'right' },
  {
    title: 'reliable',
    text: ({ reliability }) => fraction(reliability),
    align: 'right',
    isWide: true
  },
  { title: 'ok', text: ({ successes }) => formatCount(successes), align: 'right' },
  { title: 'failed', text: failedOf, align: 'right' },
  { title: 'lost', text: ({ counts }) => formatCount(counts.lost), align: 'right' },
  { title: 'wrong', text: ({ counts }) => formatCount(counts.wrong), align: 'right' },
  { title: 'checked', text: checkedOf, align: 'right' },
  { title: 'speed', text: speedText, align: 'right' },
  { title: 'late', text: lateOf, align: 'right', isWide: true },
  { title: 'own/imported', text: ownOf, align: 'right', isWide: true },
  { title: 'first seen', text: (row) => agoOf(row.first_seen_ms), align: 'right', isWide: true },
  { title: 'last', text: ({ last_seen_ms }) => agoOf(last_seen_ms), align: 'right' },
  { title: 'quarantined until', text: untilOf, isWide: true },
  { title: 'why', text: ({ last_change }) => last_change ?? '–' },
  { title: 'peer id', text: ({ peer_id }) => peer_id, isWide: true }
]

export const TASK_TYPE_COLUMNS: readonly Column<TaskTypeReputation>[] = [
  { title: 'task type', text: ({ task_type }) => shorten(task_type, 40) },
  { title: 'reputation', text: ({ reputation }) => fraction(reputation), align: 'right' },
  { title: 'ok', text: ({ successes }) => formatCount(successes), align: 'right' },
  { title: 'late', text: ({ counts }) => formatCount(counts.late), align: 'right' },
  { title: 'bad', text: ({ failures }) => formatCount(failures), align: 'right' },
  { title: 'average', text: (row) => latencyOf(row.average_latency_ms), align: 'right' },
  { title: 'speed', text: speedText, align: 'right' },
  { title: 'last', text: ({ last_seen_ms }) => agoOf(last_seen_ms), align: 'right' }
]

export const EVIDENCE_COLUMNS: readonly Column<EvidenceEntry>[] = [
  { title: 'time', text: ({ at_ms }) => timeOf(at_ms) },
  { title: 'what', text: whatOf },
  { title: 'job', text: ({ job = '–' }) => job },
  { title: 'item', text: ({ item }) => (item === undefined ? '–' : String(item)), align: 'right' },
  { title: 'attempt', text: ({ attempt }) => String(attempt ?? '–'), align: 'right', isWide: true },
  { title: 'task type', text: ({ task_type = '–' }) => shorten(task_type, 40) },
  { title: 'took', text: ({ latency_ms }) => latencyOf(latency_ms ?? null), align: 'right' },
  {
    title: 'expected',
    text: (row) => latencyOf(row.promised_ms ?? null),
    align: 'right',
    isWide: true
  },
  { title: 'receipt', text: ({ receipt }) => (receipt === undefined ? 'none' : 'signed') },
  { title: 'signed receipt', text: ({ receipt = '–' }) => receipt, isWide: true }
]

export const RECOUNT_COLUMNS: readonly Column<WorkerRecount>[] = [
  { title: 'worker', text: ({ worker }) => shortPeer(worker) },
  { title: 'stated', text: ({ stated }) => fraction(stated), align: 'right' },
  { title: 'recounted', text: ({ recounted }) => fraction(recounted), align: 'right' },
  { title: 'same', text: ({ is_same }) => (is_same ? 'yes' : 'NO') },
  { title: 'outcomes', text: ({ entries }) => formatCount(entries), align: 'right' },
  { title: 'proven by receipts', text: ({ proven }) => formatCount(proven), align: 'right' },
  { title: "the router's word", text: ({ word }) => formatCount(word), align: 'right' },
  { title: 'before, as sums', text: ({ earlier }) => formatCount(earlier), align: 'right' },
  { title: 'peer id', text: ({ worker }) => worker, isWide: true }
]

export function speedText({ speed }: { speed: number | null }): string {
  return speed === null ? '–' : `${speed.toFixed(2)}×`
}

/** Beside those lost and wrong, which have columns of their own. */
function failedOf({ counts, failures }: ReputationView): string {
  return formatCount(failures - counts.lost - counts.wrong)
}

/** `12/25%`: results verified, and the share of those to come that is to be. */
function checkedOf({ check_probability: share, counts }: ReputationView): string {
  return `${formatCount(counts.right + counts.wrong)}/${Math.round(share * 100)}%`
}

function lateOf({ counts, successes }: ReputationView): string {
  return successes === 0 ? '–' : `${Math.round((100 * counts.late) / successes)}%`
}

function ownOf({ evidence, imported }: ReputationView): string {
  return `${formatCount(evidence)}/${(imported.good + imported.bad).toFixed(1)}`
}

function agoOf(atMs: number | null): string {
  return atMs === null ? '–' : ageOf(atMs)
}

function untilOf({ quarantined_until_ms: until }: ReputationView): string {
  return until === null ? '–' : timeOf(until).slice(0, 19)
}

function whatOf({ code, kind, of }: EvidenceEntry): string {
  if (kind === 'failed') return `failed: ${code ?? '–'}`
  return kind === 'cleared' ? `cleared of: ${of ?? '–'}` : kind
}
