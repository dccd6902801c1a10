/**
 * A router of a mesh that is made up: any number of workers and jobs, made from a seed, behind the real HTTP API and the real live stream.
 * What happens, happens by `stir`; nothing is kept of a job before it has changed, so that a hundred thousand cost nothing.
 */
import { hash } from 'node:crypto'
import { Live } from '../../src/monitoring/live.ts'
import { FakeApiServices, exampleOf } from './fake-api-services.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { seededRandom } from '../../src/core/random.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ApiServices, OfferedServices } from '../../src/http/services.ts'
import type { FileView } from '../../src/model/generated/api-file.ts'
import type { JobRecord } from '../../src/jobs/records.ts'
import type { JobView } from '../../src/model/generated/api-job.ts'
import type { MapView } from '../../src/model/generated/api-map.ts'
import type { NodeView } from '../../src/model/generated/api-node.ts'
import type { OverviewView } from '../../src/model/generated/api-overview.ts'
import type { ReputationView } from '../../src/model/generated/api-reputation.ts'
import type { SeriesSample } from '../../src/model/generated/api-series.ts'

export interface BigMeshInit {
  /** @default 1_000 */
  workerCount?: number
  /** @default 100_000 */
  jobCount?: number
  /** @default 500 */
  fileCount?: number
  /** @default 1 */
  seed?: number
}

const STEP_MS = 5_000
const HOUR_SAMPLES = 720
const JOB_STATES = ['completed', 'completed', 'completed', 'failed', 'stopped'] as const
const ENGINES = ['builtin', 'javascript', 'wasm', 'process', 'container', 'storage']
const ZONES = ['home', 'office', 'lab', 'cloud']
const PATHS = ['direct', 'direct', 'lan', 'punched', 'relayed', 'local'] as const
const WORDS = ['render', 'resize', 'train', 'index', 'convert', 'check', 'fold', 'crawl']
const BOOTSTRAP = peerId('Boot', 0)
const ROUTER = peerId('Rout', 0)

export class BigMesh {
  readonly services: OfferedServices
  readonly workers: NodeView[]
  readonly #init: Required<BigMeshInit>
  readonly #random: () => number
  readonly #startedAtMs = systemClock.wallMs()
  readonly #changed = new Map<number, JobView>()
  readonly #samples: SeriesSample[]
  readonly #files: FileView[]
  readonly #live: Live
  #transfer: FileView

  constructor(init: BigMeshInit = {}) {
    this.#init = { workerCount: 1_000, jobCount: 100_000, fileCount: 500, seed: 1, ...init }
    const random = seededRandom(this.#init.seed)
    this.#random = () => random.next()
    this.workers = Array.from({ length: this.#init.workerCount }, (_, index) => this.#worker(index))
    this.#samples = Array.from({ length: HOUR_SAMPLES }, (_, index) =>
      this.#sample(this.#startedAtMs - (HOUR_SAMPLES - index) * STEP_MS, index)
    )
    this.#files = Array.from({ length: this.#init.fileCount }, (_, index) => this.#file(index))
    this.#transfer = this.#file(this.#init.fileCount, 0.2)
    this.#live = new Live({
      clock: systemClock,
      logger: silentLogger,
      overview: async () => this.#overview(),
      sample: () => this.#samples.at(-1),
      nodes: () => this.workers,
      map: () => this.#map(),
      transfers: () => [this.#transfer],
      jobView: ({ id }) => this.#job(Number(id.slice(2)))
    })
    this.services = this.#services()
  }

  /** Some workers are busier, some jobs have ended, a sample came, a file came nearer. */
  stir({ workers = 20, jobs = 20 } = {}): void {
    for (let count = 0; count < workers; count++) {
      const index = Math.floor(this.#random() * this.workers.length)
      const node = this.workers[index]
      if (node === undefined) continue
      const running = Math.floor(this.#random() * (node.slots + 1))
      this.workers[index] = { ...node, running, evidence: node.evidence + 1 }
    }
    for (let count = 0; count < jobs; count++) {
      const index = this.#init.jobCount - 1 - Math.floor(this.#random() * 50)
      if (index >= 0)
        this.changeJob(index, { state: this.#random() < 0.5 ? 'running' : 'completed' })
    }
    this.#samples.push(this.#sample(systemClock.wallMs(), this.#samples.length))
    const bytes = Math.min(this.#transfer.size, (this.#transfer.progress?.bytes ?? 0) + 1_000_000)
    this.#transfer = { ...this.#transfer, progress: { ...this.#transfer.progress, bytes } }
  }

  changeJob(index: number, change: Partial<JobView>): void {
    this.#changed.set(index, { ...this.#job(index), ...change })
    this.#live.jobChanged({ id: jobId(index), createdAtMs: index } as JobRecord)
  }

  changeWorker(index: number, change: Partial<NodeView>): void {
    this.workers[index] = { ...(this.workers[index] as NodeView), ...change }
  }

  removeWorker(index: number): void {
    this.workers.splice(index, 1)
  }

  stop(): void {
    this.#live.stop()
  }

  #services(): OfferedServices {
    const fake = new FakeApiServices()
    return {
      tokens: fake.tokens,
      events: fake.events,
      peers: fake.peers,
      weights: fake.weights,
      idleReasons: fake.idleReasons,
      monitoring: {
        overview: async () => this.#overview(),
        series: (spanMs) => ({
          step_ms: STEP_MS,
          samples: this.#samples.slice(-Math.ceil(spanMs / STEP_MS))
        }),
        map: () => this.#map(),
        routers: () => [{ peer_id: ROUTER, name: 'router', is_self: true }],
        watch: (reader) => this.#live.watch(reader)
      },
      nodes: {
        list: async () => this.workers,
        describe: async (peer) => this.#find(peer)
      },
      availability: {
        set: async (peer, { availability }) => {
          const index = this.workers.indexOf(this.#find(peer))
          this.changeWorker(index, { state: availability === 'open' ? 'ready' : availability })
          return this.workers[index] as NodeView
        }
      },
      jobs: { ...fake.jobs, ...this.#jobServices() },
      reputation: {
        ...fake.reputation,
        list: ({ limit }) => this.workers.slice(0, limit).map((node) => reputationOf(node)),
        describe: async (peer) => reputationOf(this.#find(peer))
      },
      files: {
        ...fake.files,
        list: ({ after, limit, name = '' }) => {
          const found = this.#files.filter((file) => file.name.includes(name))
          const from = found.findIndex(({ id }) => id === after?.id) + 1
          return found.slice(from, from + limit)
        },
        describe: async (id) =>
          [...this.#files, this.#transfer].find((file) => file.id.includes(id)) ?? this.#transfer
      },
      security: () => fake.security(),
      health: () => fake.health()
    }
  }

  #jobServices(): Pick<ApiServices['jobs'], 'describe' | 'find' | 'list'> {
    return {
      list: async ({ after, limit, state }) => {
        const jobs: JobView[] = []
        const first = after === undefined ? this.#init.jobCount : Number(after.slice(2))
        for (let index = first - 1; index >= 0 && jobs.length < limit; index--) {
          const job = this.#job(index)
          if (state === undefined || job.state === state) jobs.push(job)
        }
        const last = jobs.length === limit ? jobs.at(-1) : undefined
        return { rows: jobs, next: last?.id }
      },
      describe: async (id) => this.#job(Number(id.slice(2))),
      find: async (id) => ({ id, submitter: 'http/big' })
    }
  }

  #find(peer: string): NodeView {
    return this.workers.find((node) => node.peer_id.includes(peer)) ?? (this.workers[0] as NodeView)
  }

  #overview(): OverviewView {
    const counts: Record<string, number> = {}
    const slots = { total: 0, busy: 0 }
    for (const node of this.workers) {
      counts[node.state] = (counts[node.state] ?? 0) + 1
      slots.total += node.slots
      slots.busy += node.running
    }
    // What a reader may do is told by whoever tells it.
    const { scope: _scope, ...example } = exampleOf('api/overview')
    return {
      ...example,
      peer_id: ROUTER,
      name: 'router',
      namespace: 'big',
      uptime_ms: systemClock.wallMs() - this.#startedAtMs,
      workers: counts,
      slots,
      jobs: { running: 120, queued: 400, completed: this.#init.jobCount - 520 },
      items: { queued: 4_321, running: slots.busy },
      files: { known: this.#files.length, bytes_stored: 7.5e9 }
    }
  }

  #worker(index: number): NodeView {
    const slots = 2 ** Math.floor(this.#random() * 5)
    const draw = this.#random()
    const state = draw < 0.94 ? 'ready' : draw < 0.97 ? 'draining' : 'unreachable'
    const path = PATHS[Math.floor(this.#random() * PATHS.length)] ?? 'direct'
    const example = exampleOf('api/node')
    return {
      ...example,
      peer_id: peerId('Work', index),
      state,
      slots,
      running: Math.floor(this.#random() * (slots + 1)),
      queued: this.#random() < 0.2 ? 3 : 0,
      labels: { zone: ZONES[index % ZONES.length] ?? 'home' },
      engines: ENGINES.slice(0, 2 + (index % 5)),
      path,
      ...(path === 'relayed' && { relay: BOOTSTRAP }),
      latency_ms: this.#random() * 80,
      reputation: 0.3 + 0.7 * Math.sqrt(this.#random()),
      evidence: index,
      ...(example.capabilities && {
        capabilities: { ...example.capabilities, cpu_usage: Math.round(this.#random() * 100) }
      })
    }
  }

  #job(index: number): JobView {
    const known = this.#changed.get(index)
    if (known !== undefined) return known
    const age = this.#init.jobCount - 1 - index
    const state =
      age < 400
        ? 'queued'
        : age < 520
          ? 'running'
          : (JOB_STATES[index % JOB_STATES.length] ?? 'completed')
    const hasEnded = age >= 520
    const createdAtMs = this.#startedAtMs - age * 900
    return {
      ...exampleOf('api/job'),
      id: jobId(index),
      name: `${WORDS[index % WORDS.length]} ${index}`,
      state,
      created_at_ms: createdAtMs,
      started_at_ms: age < 400 ? null : createdAtMs + 300,
      ended_at_ms: hasEnded ? createdAtMs + 800 : null,
      ...(state === 'failed' && {
        error: { code: 'TASK_FAILED', message: 'a made-up failure', blame: 'job' as const }
      })
    }
  }

  #file(index: number, progress?: number): FileView {
    const size = Math.floor(1_000 + this.#random() ** 4 * 4e9)
    const moving = progress !== undefined
    return {
      ...exampleOf('api/file'),
      id: `sha256:${hash('sha256', String(index))}`,
      name: `${WORDS[index % WORDS.length]}-${index}.bin`,
      size,
      state: moving ? 'part' : index % 3 === 0 ? 'complete' : 'remote',
      pinned: index % 9 === 0,
      holders: 1 + (index % 7),
      ...(moving && {
        progress: {
          bytes: Math.floor(size * progress),
          size,
          bytes_per_second: 12e6,
          eta_ms: 42_000,
          peers: 3
        }
      })
    }
  }

  #sample(atMs: number, index: number): SeriesSample {
    const wave = 1 + 0.6 * Math.sin(index / 60) + 0.3 * (this.#random() - 0.5)
    const total = this.workers.reduce((sum, { slots }) => sum + slots, 0)
    return {
      at_ms: atMs,
      workers_ready: Math.round(this.workers.length * (0.97 + 0.02 * this.#random())),
      slots_total: total,
      slots_busy: Math.min(total, Math.round(total * 0.4 * wave)),
      items_submitted: Math.round(520 * wave),
      items_completed: Math.round(500 * wave),
      items_failed: Math.round(6 * this.#random() * wave),
      attempts_failed: Math.round(14 * this.#random() * wave),
      items_queued: Math.round(2_000 * wave),
      items_running: Math.round(total * 0.4 * wave),
      wait_p50_ms: 12 * wave,
      wait_p99_ms: 90 * wave,
      latency_p50_ms: 140 * wave,
      latency_p99_ms: 1_400 * wave,
      bytes_received: Math.round(4e6 * wave),
      bytes_sent: Math.round(9e6 * wave)
    }
  }

  /** Everybody is connected to the bootstrap, and the router to everybody. */
  #map(): MapView {
    return {
      nodes: [
        { peer_id: ROUTER, role: 'router', name: 'router', is_self: true, told_ms_ago: 0 },
        { peer_id: BOOTSTRAP, role: 'bootstrap', name: 'boot', told_ms_ago: 1_000 },
        ...this.workers.map(({ peer_id, state }, index) => ({
          peer_id,
          role: 'worker' as const,
          name: `worker-${index}`,
          state
        }))
      ],
      links: [
        { from: ROUTER, to: BOOTSTRAP, path: 'lan', latency_ms: 0.8 },
        ...this.workers.flatMap(({ latency_ms, path = 'direct', peer_id, relay }) => [
          { from: ROUTER, to: peer_id, path, latency_ms, ...(relay !== undefined && { relay }) },
          { from: BOOTSTRAP, to: peer_id, path: 'direct' as const }
        ])
      ]
    }
  }
}

function reputationOf({ evidence, peer_id, reputation }: NodeView): ReputationView {
  const width = 0.4 / Math.sqrt(1 + evidence / 8)
  return {
    ...exampleOf('api/reputation'),
    peer_id,
    reputation,
    reliability: Math.max(0, reputation - width / 2),
    expected: Math.min(1, reputation + width / 6),
    upper: Math.min(1, reputation + width / 2),
    evidence
  }
}

function jobId(index: number): string {
  return `j-${index}`
}

/** As long as real ones, and as alike in their beginnings. */
function peerId(kind: string, index: number): string {
  return `12D3KooW${kind}Qx7fYp3mN5vR8sT2uW4zA6bC9dE1gH${String(index).padStart(8, '0')}`
}
