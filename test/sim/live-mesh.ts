/**
 * A mesh of real processes on this machine, of workers that are unequally fast and one that cheats, with one job
 * of many items that is verified by record: who did how much of it, and what the router thinks of them afterwards.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiClient } from '../../src/client/api-client.ts'
import { BINARY, PROJECT, RunningTaskmesh } from '../support/running-taskmesh.ts'
import { squareOf } from './live-task.ts'
import { until } from '../support/until.ts'
import type { JobView } from '../../src/index.ts'
import type { LiveWorkerInit } from './live-task.ts'
import type { ReputationView } from '../../src/model/generated/api-reputation.ts'

interface WorkerPlan extends LiveWorkerInit {
  name: string
  slots: number
}

/** Of the cheat, `taskMs` is what it would take if it computed anything. */
const FLEET: readonly WorkerPlan[] = [
  { name: 'w020', taskMs: 20, slots: 2, isCheat: false },
  { name: 'w030', taskMs: 30, slots: 2, isCheat: false },
  { name: 'w040', taskMs: 40, slots: 1, isCheat: false },
  { name: 'w060', taskMs: 60, slots: 1, isCheat: false },
  { name: 'w080', taskMs: 80, slots: 2, isCheat: false },
  { name: 'w120', taskMs: 120, slots: 1, isCheat: false },
  { name: 'w160', taskMs: 160, slots: 1, isCheat: false },
  { name: 'cheat', taskMs: 40, slots: 2, isCheat: true }
]

const ITEMS = 400
const JOB_MS_MAX = 120_000
const KILL_AFTER_MS = 15_000
const WORKER = fileURLToPath(new URL('fixtures/live-worker.ts', import.meta.url))

export interface LiveShare extends WorkerPlan {
  peerId: string
  /** Of what the honest workers could do at best; 0 to 1. */
  capacityShare: number
  /** By its own count, those included that were given up again. */
  taskCount: number
  taskShare: number
  view: ReputationView
}

export interface LiveResult {
  job: JobView
  /** Items whose result is wrong. */
  wrongItems: string[]
  /** The fastest first, the cheat last. */
  shares: LiveShare[]
  tookMs: number
}

export interface LiveOptions {
  /** Looks at the mesh before it ends. @param env what a command needs to find its router */
  onDone?: (result: LiveResult, env: Readonly<Record<string, string>>) => Promise<void>
}

/** Starts the mesh, has it do the job, ends it. */
export async function runLive({ onDone }: LiveOptions = {}): Promise<LiveResult> {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-live-'))
  const started: RunningTaskmesh[] = []
  try {
    const mesh = new LiveProcesses(home, started)
    const { client, workers } = await mesh.start()
    const { id } = await client.submit({
      task: { engine: 'function', name: 'square' },
      each: Array.from({ length: ITEMS }, (_, n) => ({ id: `n${n}`, input: n })),
      verify: { mode: 'adaptive', compare: 'json' }
    })
    const job = await client.wait(id, { timeoutMs: JOB_MS_MAX })
    const wrongItems = await findWrong(client, id)
    const views = await Promise.all(workers.map(({ peerId }) => client.reputationOf(peerId)))
    const counts = await Promise.all(workers.map(({ process }) => countOf(process)))
    const shares = sharesOf(workers, views, counts)
    const tookMs = (job.ended_at_ms ?? 0) - job.created_at_ms
    const result = { job, wrongItems, shares, tookMs }
    await onDone?.(result, mesh.env)
    return result
  } finally {
    await Promise.all(started.map(endProcess))
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface LiveWorker {
  plan: WorkerPlan
  peerId: string
  process: RunningTaskmesh
}

class LiveProcesses {
  readonly env: Readonly<Record<string, string>>
  readonly #home: string
  readonly #started: RunningTaskmesh[]

  constructor(home: string, started: RunningTaskmesh[]) {
    this.#home = home
    this.#started = started
    this.env = {
      ...plainEnvironment(),
      TASKMESH_HOME: home,
      TASKMESH_NAMESPACE: 'live',
      TASKMESH_LOG_LEVEL: 'warn'
    }
  }

  async start(): Promise<{ client: ApiClient; workers: LiveWorker[] }> {
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--json']
    const { addresses } = await this.#run(BINARY, 'bootstrap', ...listen).report()
    const way = ['--bootstrap', addresses[0] ?? '', '--http', '127.0.0.1:0']
    const [router, ...workers] = await Promise.all([
      this.#run(BINARY, 'router', ...listen, ...way).report(),
      ...FLEET.map((plan) => this.#worker(plan, addresses[0] ?? ''))
    ])
    const file = readFileSync(join(router.folder, 'api.json'), 'utf8')
    const client = new ApiClient(JSON.parse(file) as { url: string; token: string })
    await until(
      'workers ready',
      () => client.nodes(),
      (nodes) => nodes.filter(({ state }) => state === 'ready').length === FLEET.length
    )
    return { client, workers }
  }

  async #worker(plan: WorkerPlan, bootstrap: string): Promise<LiveWorker> {
    const { isCheat, name, slots, taskMs } = plan
    const config = {
      name,
      slots,
      bootstrap,
      home: this.#home,
      namespace: 'live',
      listen: ['/ip4/127.0.0.1/tcp/0']
    }
    const process = this.#run(WORKER, JSON.stringify({ config, isCheat, taskMs }))
    const { peer_id: peerId } = await process.report()
    return { plan, peerId, process }
  }

  #run(...words: readonly string[]): RunningTaskmesh {
    const child = spawn(process.execPath, [...words], { cwd: PROJECT, env: { ...this.env } })
    const running = new RunningTaskmesh(child)
    this.#started.push(running)
    return running
  }
}

/** What the shell around has set for itself does not count. */
function plainEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !entry[0].startsWith('TASKMESH_')
    )
  )
}

async function findWrong(client: ApiClient, jobId: string): Promise<string[]> {
  const items = await client.items(jobId)
  return items
    .filter(({ result }, n) => {
      const { square } = (result ?? {}) as { square?: number }
      return square !== squareOf(n)
    })
    .map(({ id }) => id)
}

/** Ends a worker, which then says what it did. */
async function countOf(worker: RunningTaskmesh): Promise<number> {
  await worker.stop()
  const last = worker.stdout.trimEnd().split('\n').at(-1) ?? ''
  return (JSON.parse(last) as { task_count: number }).task_count
}

function sharesOf(
  workers: readonly LiveWorker[],
  views: readonly ReputationView[],
  counts: readonly number[]
): LiveShare[] {
  const capacity = sum(workers.map(({ plan }) => capacityOf(plan)))
  const all = sum(counts)
  return workers.map(({ peerId, plan }, index) => {
    const taskCount = counts[index] as number
    return {
      ...plan,
      peerId,
      taskCount,
      view: views[index] as ReputationView,
      capacityShare: capacityOf(plan) / capacity,
      taskShare: taskCount / all
    }
  })
}

/** Tasks in a millisecond. Who cheats adds none. */
function capacityOf({ isCheat, slots, taskMs }: WorkerPlan): number {
  return isCheat ? 0 : slots / taskMs
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

async function endProcess(running: RunningTaskmesh): Promise<void> {
  const timer = setTimeout(() => running.process.kill('SIGKILL'), KILL_AFTER_MS)
  await running.stop()
  clearTimeout(timer)
}
