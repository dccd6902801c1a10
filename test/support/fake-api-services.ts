/** A router without a mesh behind it: jobs in a map, events by hand, every call written down. */
import { MeshError } from '../../src/core/errors.ts'
import { deferred } from '../../src/core/abort.ts'
import { isTerminal } from '../../src/jobs/records.ts'
import { schemaDocuments } from '../../src/model/validate.ts'
import type { ApiServices } from '../../src/http/services.ts'
import type { HealthView } from '../../src/model/generated/api-health.ts'
import type { JobEvent } from '../../src/model/generated/api-job-event.ts'
import type { AttemptView, ItemView, JobView } from '../../src/model/generated/api-job.ts'
import type { NodeView } from '../../src/model/generated/api-node.ts'
import type { PeerEvent } from '../../src/model/generated/api-peer-event.ts'
import type { PeerView } from '../../src/model/generated/api-peer.ts'
import type { PlanView } from '../../src/model/generated/api-plan.ts'
import type { ReputationView } from '../../src/model/generated/api-reputation.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'

interface Examples {
  job: object
  decision: DecisionRecord
  'api/health': HealthView
  'api/job': JobView
  'api/job-event': JobEvent
  'api/node': NodeView
  'api/peer': PeerView
  'api/peer-event': PeerEvent
  'api/plan': PlanView
  'api/reputation': ReputationView
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

function buildAttemptView(overrides: Partial<AttemptView> = {}): AttemptView {
  return {
    item: '0',
    index: 0,
    attempt: 1,
    state: 'completed',
    worker: exampleOf('api/node').peer_id,
    offered_at_ms: 1,
    ended_at_ms: 2,
    usage: { wall_ms: 1 },
    ...overrides
  }
}

export function buildJobEvent(overrides: Partial<JobEvent> = {}): JobEvent {
  return { ...exampleOf('api/job-event'), ...overrides }
}

export class FakeApiServices implements ApiServices {
  /** Method and arguments of each call, in order. */
  readonly calls: [string, ...unknown[]][] = []
  readonly jobsById = new Map<string, JobView>()
  itemViews: ItemView[] = [buildItemView()]
  attemptViews: AttemptView[] = [buildAttemptView()]
  /** Thrown by the next call of anything. */
  failure: unknown
  readonly #jobWatchers = new Map<(event: JobEvent) => void, string>()
  readonly #peerWatchers = new Set<(event: PeerEvent) => void>()
  readonly #waiters = new Set<(job: JobView) => void>()

  constructor() {
    const job = buildJobView()
    this.jobsById.set(job.id, job)
  }

  get watcherCount(): number {
    return this.#jobWatchers.size + this.#peerWatchers.size
  }

  get waiterCount(): number {
    return this.#waiters.size
  }

  emitJob(event: JobEvent): void {
    for (const [onEvent, id] of this.#jobWatchers) if (id === event.job_id) onEvent(event)
  }

  emitPeer(event: PeerEvent): void {
    for (const onEvent of this.#peerWatchers) onEvent(event)
  }

  endWaits(job: JobView): void {
    for (const resolve of this.#waiters) resolve(job)
  }

  readonly jobs: ApiServices['jobs'] = {
    submit: async (document, submitter) => {
      this.#note('submit', document, submitter)
      return buildJobView({ state: 'pending' })
    },
    plan: async (document) => {
      this.#note('plan', document)
      return exampleOf('api/plan')
    },
    list: async (filter) => {
      this.#note('list', filter)
      return [...this.jobsById.values()]
    },
    describe: async (id) => {
      this.#note('describe', id)
      return this.#job(id)
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
    explain: async (id, which) => {
      this.#note('explain', id, which)
      return exampleOf('decision')
    },
    stop: async (id, reason) => {
      this.#note('stop', id, reason)
      return { ...this.#job(id), state: 'stopped' }
    },
    watch: async (id, onEvent) => {
      this.#note('watch', id)
      const { id: jobId, state, counts } = this.#job(id)
      this.#jobWatchers.set(onEvent, jobId)
      onEvent({ job_id: jobId, state, counts, at_ms: 1 })
      return () => void this.#jobWatchers.delete(onEvent)
    }
  }

  readonly nodes: ApiServices['nodes'] = {
    list: async (filter) => {
      this.#note('nodes', filter)
      return [exampleOf('api/node')]
    },
    describe: async (peer) => {
      this.#note('node', peer)
      return exampleOf('api/node')
    }
  }

  readonly peers: ApiServices['peers'] = {
    list: () => {
      this.#note('peers')
      return [exampleOf('api/peer')]
    },
    watch: (onEvent) => {
      this.#note('watchPeers')
      this.#peerWatchers.add(onEvent)
      return () => void this.#peerWatchers.delete(onEvent)
    }
  }

  readonly reputation: ApiServices['reputation'] = {
    list: () => {
      this.#note('reputations')
      return [exampleOf('api/reputation')]
    },
    describe: (peer) => {
      this.#note('reputation', peer)
      return exampleOf('api/reputation')
    }
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
