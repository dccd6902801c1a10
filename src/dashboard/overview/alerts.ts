/** What an operator has to know before anything else: judged from what the pages are told anyway. Pure. */
import type { NodeView } from '../../model/generated/api-node.ts'
import type { OverviewView } from '../../model/generated/api-overview.ts'
import type { ReputationView } from '../../model/generated/api-reputation.ts'
import type { SeriesSample } from '../../model/generated/api-series.ts'

export interface Alert {
  id: string
  severity: 'bad' | 'warning'
  title: string
  /** What it means, and what to do. */
  text: string
  /** A page that shows more. */
  path?: string
}

export interface AlertFacts {
  overview: OverviewView
  nodes: readonly NodeView[]
  reputations: readonly ReputationView[]
  /** Of the last minutes, oldest first. */
  samples: readonly SeriesSample[]
  nowMs: number
}

const CERTIFICATE_SOON_MS = 24 * 3_600_000
/** Of samples of five seconds: half a minute in which nothing went out. */
const STUCK_SAMPLES = 6
const FAILURES_MIN = 5
const FAILED_SHARE = 0.5

type Judge = (facts: AlertFacts) => Alert | undefined

export function alertsOf(facts: AlertFacts): Alert[] {
  return JUDGES.flatMap((judge) => judge(facts) ?? [])
}

const noWorkers: Judge = ({ overview }) => {
  const count = Object.values(overview.workers).reduce((total, each) => total + each, 0)
  if (count > 0) return undefined
  return {
    id: 'no-workers',
    severity: 'bad',
    title: 'No workers',
    text: 'Nobody is there to run tasks: start one with "taskmesh worker", with the same namespace and bootstrap.'
  }
}

const noneReady: Judge = ({ overview: { workers } }) => {
  const count = Object.values(workers).reduce((total, each) => total + each, 0)
  if (count === 0 || (workers['ready'] ?? 0) > 0) return undefined
  const states = Object.entries(workers)
    .map(([state, each]) => `${each} ${state}`)
    .join(', ')
  return {
    id: 'none-ready',
    severity: 'bad',
    title: 'No worker is ready',
    text: `Of those that are known: ${states}. Tasks wait until one is.`,
    path: '/workers'
  }
}

const allQuarantined: Judge = ({ nodes, nowMs, reputations }) => {
  const untilMs = new Map(reputations.map((each) => [each.peer_id, each.quarantined_until_ms]))
  const ready = nodes.filter(({ state }) => state === 'ready')
  if (ready.length === 0) return undefined
  const count = ready.filter(({ peer_id }) => (untilMs.get(peer_id) ?? 0) > nowMs).length
  if (count === 0) return undefined
  const isAll = count === ready.length
  return {
    id: 'quarantined',
    severity: isAll ? 'bad' : 'warning',
    title: isAll ? 'All workers are quarantined' : `${plural(count, 'worker')} quarantined`,
    text: 'They gave wrong results, and get no work for now. Their pages say which, and until when.',
    path: '/workers?q=is:quarantined'
  }
}

/** Slots are free, tasks wait, and for half a minute none of them went anywhere. */
const nobodyTakes: Judge = ({ overview: { slots }, samples }) => {
  const { busy = 0, total } = slots
  const recent = samples.slice(-STUCK_SAMPLES)
  if (recent.length < STUCK_SAMPLES || busy >= total) return undefined
  const isStuck = recent.every(
    ({ items_queued = 0, slots_busy = 0, slots_total, wait_p50_ms }) =>
      items_queued > 0 && slots_busy < slots_total && (wait_p50_ms ?? null) === null
  )
  if (!isStuck) return undefined
  const queued = recent.at(-1)?.items_queued ?? 0
  return {
    id: 'nobody-takes',
    severity: 'bad',
    title: `${plural(queued, 'task')} that no worker can take`,
    text: 'Slots are free, and yet nothing goes out: no worker has what these tasks ask for. Each job says why under "Decision".',
    path: '/jobs?state=queued'
  }
}

const unreachable: Judge = ({ overview: { workers } }) => {
  const count = workers['unreachable'] ?? 0
  if (count === 0 || (workers['ready'] ?? 0) === 0) return undefined
  return {
    id: 'unreachable',
    severity: 'warning',
    title: `${plural(count, 'worker')} unreachable`,
    text: 'They were there, and no way to them works now. What they ran is waited for, then goes elsewhere.',
    path: '/workers?q=state:unreachable'
  }
}

const certificates: Judge = ({ nodes, nowMs }) => {
  const count = nodes.filter(
    ({ certificate_until_ms }) =>
      certificate_until_ms !== undefined && certificate_until_ms < nowMs + CERTIFICATE_SOON_MS
  ).length
  if (count === 0) return undefined
  return {
    id: 'certificates',
    severity: 'warning',
    title: `${plural(count, 'certificate')} about to run out`,
    text: 'A worker renews its own in time, unless it cannot reach whoever issues them. Then it is out of the mesh.',
    path: '/workers'
  }
}

const manyFail: Judge = ({ samples }) => {
  const failed = sum(samples, ({ items_failed }) => items_failed)
  const ended = failed + sum(samples, ({ items_completed }) => items_completed)
  if (failed < FAILURES_MIN || failed < FAILED_SHARE * ended) return undefined
  return {
    id: 'many-fail',
    severity: 'warning',
    title: `${failed} of ${ended} tasks failed`,
    text: 'In the stretch of time that is shown. The jobs say why.',
    path: '/jobs?state=failed'
  }
}

const JUDGES: readonly Judge[] = [
  noWorkers,
  noneReady,
  allQuarantined,
  nobodyTakes,
  unreachable,
  manyFail,
  certificates
]

function sum(
  samples: readonly SeriesSample[],
  pick: (sample: SeriesSample) => number | undefined
): number {
  return samples.reduce((total, sample) => total + (pick(sample) ?? 0), 0)
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
