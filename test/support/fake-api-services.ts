/** A router without a mesh behind it: jobs in a map, events by hand, every call written down. */
import { MeshError } from '../../src/core/errors.ts'
import { deferred } from '../../src/core/abort.ts'
import { isTerminal } from '../../src/jobs/records.ts'
import { schemaDocuments } from '../../src/model/validate.ts'
import { fakeMonitoring } from './fake-monitoring.ts'
import { fakeDecisions } from './fake-decisions.ts'
import { fakeFileServices } from './fake-file-services.ts'
import { fakeRecipes } from './fake-recipes.ts'
import { fakeReputation } from './fake-reputation.ts'
import { memoryTokenBook } from './memory-token-book.ts'
import type { ApiServices, LiveReader } from '../../src/http/services.ts'
import type { FileView } from '../../src/model/generated/api-file.ts'
import type { HealthView } from '../../src/model/generated/api-health.ts'
import type { BackupView } from '../../src/model/generated/api-backup.ts'
import type {
  AttemptView,
  HistoryRow,
  ItemView,
  JobView
} from '../../src/model/generated/api-job.ts'
import type { LogView } from '../../src/model/generated/api-log.ts'
import type { MeshEvent } from '../../src/model/generated/api-event.ts'
import type { NodeView } from '../../src/model/generated/api-node.ts'
import type { PeerView } from '../../src/model/generated/api-peer.ts'
import type { ReceiptView } from '../../src/model/generated/api-receipt.ts'
import type { PlanView } from '../../src/model/generated/api-plan.ts'
import type { EvidenceEntry } from '../../src/model/generated/evidence-entry.ts'
import type { ReputationExport } from '../../src/model/generated/reputation-export.ts'
import type { MapView } from '../../src/model/generated/api-map.ts'
import type { OverviewView } from '../../src/model/generated/api-overview.ts'
import type { RouterView } from '../../src/model/generated/api-router.ts'
import type { SeriesView } from '../../src/model/generated/api-series.ts'
import type { ReputationView } from '../../src/model/generated/api-reputation.ts'
import type { SecurityView } from '../../src/model/generated/api-security.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'

interface Examples {
  job: object
  decision: DecisionRecord
  'api/backup': BackupView
  'api/event': MeshEvent
  'api/file': FileView
  'api/health': HealthView
  'api/job': JobView
  'api/log': LogView
  'api/map': MapView
  'api/node': NodeView
  'api/overview': OverviewView
  'api/peer': PeerView
  'api/plan': PlanView
  'api/reputation': ReputationView
  'api/router': RouterView
  'api/security': SecurityView
  'api/series': SeriesView
  'evidence-entry': EvidenceEntry
  'reputation-export': ReputationExport
}

/** The first example of a published schema. */
export function exampleOf<Name extends keyof Examples>(schema: Name): Examples[Name] {
  const { examples } = schemaDocuments.get(schema) as { examples: [Examples[Name]] }
  return structuredClone(examples[0])
}

export function buildJobView(overrides: Partial<JobView> = {}): JobView {
  return { ...exampleOf('api/job'), ...overrides }
}

export function buildItemView(overrides: Partial<ItemView> = {}): ItemView {
  const index = overrides.index ?? 0
  return {
    id: String(index),
    index,
    state: 'completed',
    result: 4,
    logs: '',
    worker: null,
    attempts: 1,
    ...overrides
  }
}

export function buildAttemptView(overrides: Partial<AttemptView> = {}): AttemptView {
  return {
    item: '0',
    index: 0,
    attempt: 1,
    role: 'primary',
    state: 'completed',
    worker: exampleOf('api/node').peer_id,
    offered_at_ms: 1,
    ended_at_ms: 2,
    usage: { wall_ms: 1 },
    history: [],
    ...overrides
  }
}

export function buildHistoryRow(overrides: Partial<HistoryRow> = {}): HistoryRow {
  return { of: 'job', at_ms: 1, state: 'queued', by: 'http', reason: 'SUBMITTED', ...overrides }
}

/** Of a job that runs; without a number, so that the fake gives it the next one. */
export function buildJobEvent(overrides: Partial<MeshEvent> = {}): Partial<MeshEvent> {
  const { number: _number, ...event } = exampleOf('api/event')
  return { ...event, ...overrides }
}

export function buildPeerEvent(overrides: Partial<MeshEvent> = {}): Partial<MeshEvent> {
  const view = exampleOf('api/peer')
  return {
    at_ms: 1,
    type: 'peer:connected',
    peer: view.peer_id,
    peer_view: view,
    ...overrides
  }
}

export function buildLog(overrides: Partial<LogView> = {}): LogView {
  return { ...exampleOf('api/log'), ...overrides }
}

type LogFollower = Record<'onEnd', () => void> & { onPart: (part: LogView) => void }

export class FakeApiServices implements Omit<ApiServices, 'forwarding'> {
  /** Method and arguments of each call, in order. */
  readonly calls: [string, ...unknown[]][] = []
  readonly jobsById = new Map<string, JobView>()
  itemViews: ItemView[] = [buildItemView()]
  attemptViews: AttemptView[] = [buildAttemptView()]
  receiptViews: ReceiptView[] = []
  readonly next: { jobs?: string; receipts?: number } = {}
  historyRows: HistoryRow[] = [buildHistoryRow()]
  nodeView: NodeView = exampleOf('api/node')
  planView = exampleOf('api/plan')
  /** What is there of every log. */
  logView: LogView = buildLog()
  jobDocument: object = exampleOf('job')
  /** Whether the next submission finds its key unused. */
  isNew = true
  /** Thrown by the next call of anything. */
  failure: unknown
  /** Everything that was emitted, for readers that come again. */
  readonly #events: MeshEvent[] = []
  readonly #watchers = new Map<(event: MeshEvent) => void, string | undefined>()
  readonly #followers = new Set<LogFollower>()
  readonly #waiters = new Set<(job: JobView) => void>()

  constructor() {
    const job = buildJobView()
    this.jobsById.set(job.id, job)
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  get followerCount(): number {
    return this.#followers.size
  }

  get waiterCount(): number {
    return this.#waiters.size
  }

  /** Numbers events from 1. */
  emit(told: Partial<MeshEvent>): MeshEvent {
    const event = { ...told, number: this.#events.length + 1 } as MeshEvent
    this.#events.push(event)
    for (const [onEvent, jobId] of this.#watchers) {
      if (jobId === undefined || jobId === event.job_id) onEvent(event)
    }
    return event
  }

  /** The job is another, and tells so. */
  change(job: JobView): void {
    this.jobsById.set(job.id, job)
    const type = isTerminal(job.state) ? 'job:ended' : 'job:changed'
    const { id, counts, state } = job
    this.emit(buildJobEvent({ type, job_id: id, state, counts }))
  }

  writeLog(part: LogView): void {
    for (const { onPart } of this.#followers) onPart(part)
  }

  endLogs(): void {
    for (const { onEnd } of this.#followers) onEnd()
  }

  endWaits(job: JobView): void {
    for (const resolve of this.#waiters) resolve(job)
  }

  readonly #decided = fakeDecisions((name, ...details) => this.#note(name, ...details))
  idleReasons = this.#decided.idleReasons
  readonly weights = this.#decided.weights
  readonly jobs: ApiServices['jobs'] = {
    submit: async (document, submitter) => {
      this.#note('submit', document, submitter)
      return { job: buildJobView({ state: 'pending' }), isNew: this.isNew }
    },
    submitGraph: async (document, submitter) => {
      this.#note('submitGraph', document, submitter)
      return [...this.jobsById.values()]
    },
    plan: async (document) => {
      this.#note('plan', document)
      return this.planView
    },
    list: async (filter) => {
      this.#note('list', filter)
      const all = [...this.jobsById.values()]
      const rows = all.filter(({ state }) => state === (filter.state ?? state))
      return { rows, next: this.next.jobs }
    },
    describe: async (id) => {
      this.#note('describe', id)
      return this.#job(id)
    },
    find: async (id) => this.#job(id),
    document: async (id) => {
      this.#note('document', id)
      return this.jobDocument
    },
    wait: async (id, options) => {
      this.#note('wait', id, options.timeoutMs)
      const job = this.#job(id)
      return isTerminal(job.state) || options.timeoutMs === 0 ? job : this.#wait(options.signal)
    },
    items: async (id, filter) => {
      this.#note('items', id, filter)
      return this.itemViews
        .filter(({ state }) => filter.state === undefined || state === filter.state)
        .filter(({ index }) => filter.after === undefined || index > filter.after)
        .slice(0, filter.limit)
    },
    attempts: async (id, filter) => {
      this.#note('attempts', id, filter)
      return this.attemptViews
    },
    history: async (id, which) => {
      this.#note('history', id, which)
      return this.historyRows
    },
    receipts: async (id, filter) => {
      this.#note('receipts', id, filter)
      return { rows: this.receiptViews, next: this.next.receipts }
    },
    ...this.#decided,
    log: async (id, which) => {
      this.#note('log', id, which)
      return { ...this.logView, ...which }
    },
    followLog: async (id, which, onPart, onEnd) => {
      this.#note('followLog', id, which)
      const follower = { onPart, onEnd }
      this.#followers.add(follower)
      onPart(this.logView)
      return () => void this.#followers.delete(follower)
    },
    stop: async (id, wish, by) => {
      this.#note('stop', id, wish, by)
      return { ...this.#job(id), state: 'stopped' }
    },
    hold: async (id, reason, by) => {
      this.#note('hold', id, reason, by)
      return { ...this.#job(id), state: 'held', on_hold: true }
    },
    release: async (id, by) => {
      this.#note('release', id, by)
      return { ...this.#job(id), state: 'queued' }
    },
    rerun: async (id, request, by) => {
      this.#note('rerun', id, request, by)
      return buildJobView({ id: 'j-again', state: 'pending', parent: this.#job(id).id })
    }
  }

  readonly events: ApiServices['events'] = {
    watch: (which, onEvent) => {
      this.#note('watch', which)
      const { after, jobId } = which
      const missed = after === undefined ? [] : this.#events.slice(after)
      missed
        .filter(({ job_id }) => jobId === undefined || job_id === jobId)
        .forEach((event) => onEvent(event))
      this.#watchers.set(onEvent, jobId)
      return () => void this.#watchers.delete(onEvent)
    },
    jobId: async (id) => this.#job(id).id
  }

  /** Another may take their place: that of a router that has files. */
  files = fakeFileServices(exampleOf('api/file'), (name, ...details) =>
    this.#note(name, ...details)
  )

  readonly nodes: ApiServices['nodes'] = {
    list: async (filter) => {
      this.#note('nodes', filter)
      return [this.nodeView]
    },
    describe: async (peer) => {
      this.#note('node', peer)
      return this.nodeView
    }
  }

  readonly availability: ApiServices['availability'] = {
    set: async (peer, request) => {
      this.#note('setAvailability', peer, request)
      const { availability } = request
      this.nodeView.state = availability === 'open' ? 'ready' : availability
      return this.nodeView
    }
  }

  /** Those who watch, to be told something. */
  readonly liveReaders = new Set<LiveReader>()

  readonly monitoring = fakeMonitoring({
    overview: exampleOf('api/overview'),
    series: exampleOf('api/series'),
    map: exampleOf('api/map'),
    router: exampleOf('api/router'),
    readers: this.liveReaders,
    note: (name, ...details) => this.#note(name, ...details)
  })

  readonly peers: ApiServices['peers'] = {
    list: () => {
      this.#note('peers')
      return [exampleOf('api/peer')]
    }
  }

  securityView: SecurityView = exampleOf('api/security')

  security(): SecurityView {
    this.#note('security')
    return this.securityView
  }

  readonly recipes: ApiServices['recipes'] = fakeRecipes()

  readonly reputation = fakeReputation({
    view: exampleOf('api/reputation'),
    entry: exampleOf('evidence-entry'),
    header: exampleOf('reputation-export'),
    note: (name, ...details) => this.#note(name, ...details)
  })

  /** The real book, which is forgotten with the fake. */
  tokens = memoryTokenBook()

  async backup(file: string | undefined): Promise<BackupView> {
    this.#note('backup', file)
    const example = exampleOf('api/backup')
    return file === undefined ? example : { ...example, file }
  }

  readonly metrics: ApiServices['metrics'] = {
    page: async () => ({ type: 'text/plain', text: '' })
  }

  health(): HealthView {
    this.#note('health')
    return exampleOf('api/health')
  }

  #note(name: string, ...details: unknown[]): void {
    this.calls.push([name, ...details])
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) throw failure as Error
  }

  #job(id: string): JobView {
    const found = [...this.jobsById.values()].filter((job) => job.id.startsWith(id))
    if (found.length > 1) throw new MeshError('ID_AMBIGUOUS', `${id} begins several ids`)
    if (found[0] === undefined) throw new MeshError('JOB_NOT_FOUND', `there is no job ${id}`)
    return found[0]
  }

  async #wait(signal: AbortSignal | undefined): Promise<JobView> {
    const { promise, resolve, reject } = deferred<JobView>()
    this.#waiters.add(resolve)
    signal?.addEventListener('abort', () => reject(signal.reason as Error))
    try {
      return await promise
    } finally {
      this.#waiters.delete(resolve)
    }
  }
}
