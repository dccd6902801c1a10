/** The processes of a measured mesh: the program's own bootstraps, routers and workers, and those with many light workers. */
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ApiClient } from '../../src/client/api-client.ts'
import { Asker } from '../support/process-questions.ts'
import { BINARY } from '../support/running-taskmesh.ts'
import type { ChildProcess } from 'node:child_process'
import type { Figures } from './meter.ts'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { WorkersInit } from './workers-process.ts'

/** One process, and what it costs. */
export interface MeteredProcess {
  figures: () => Promise<Figures>
}

/** One of the program's own nodes. */
export interface MeteredNode extends MeteredProcess {
  report: ReadyReport
}

export interface MeteredRouter extends MeteredNode {
  client: ApiClient
  /** From its start to its ready line. */
  startMs: number
}

/** A process that is many workers. */
export interface MeteredWorkers extends MeteredProcess {
  start: (init: Pick<WorkersInit, 'count' | 'index' | 'seed'>) => Promise<void>
  /** Of each worker there. */
  connections: () => Promise<number[]>
}

const NAMESPACE = 'scale'
const METER = new URL('meter-entry.ts', import.meta.url).href
const WORKERS = fileURLToPath(new URL('workers-process.ts', import.meta.url))
const STOP_MS = 10_000

export class ScaleMesh {
  readonly #home = mkdtempSync(join(tmpdir(), 'taskmesh-scale-'))
  readonly #children: ChildProcess[] = []
  readonly #bootstrap: string[] = []
  #count = 0

  async bootstrap(): Promise<MeteredNode> {
    const node = await this.#node('bootstrap', '--listen=/ip4/127.0.0.1/tcp/0')
    this.#bootstrap.push(...node.report.addresses)
    return node
  }

  /** As its owner starts it, with default settings. */
  async worker(): Promise<MeteredNode> {
    return await this.#node('worker')
  }

  async router(): Promise<MeteredRouter> {
    const beganMs = performance.now()
    const node = await this.#node('router', '--http=127.0.0.1:0')
    const startMs = performance.now() - beganMs
    const file = readFileSync(join(node.report.folder, 'api.json'), 'utf8')
    const { token, url } = JSON.parse(file) as { token: string; url: string }
    return { ...node, startMs, client: new ApiClient({ url, token }) }
  }

  workers(): MeteredWorkers {
    const child = fork(WORKERS, [], {
      env: environment(),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    this.#children.push(child)
    const asker = new Asker(child, 'workers')
    const shared = { namespace: NAMESPACE, bootstrap: this.#bootstrap }
    return {
      figures: () => asker.ask('figures'),
      start: (init) => asker.ask('start', { ...init, ...shared }),
      connections: () => asker.ask('connections')
    }
  }

  /** Light workers first: nobody need wait until thousands have said goodbye. */
  async stop(): Promise<void> {
    const children = this.#children.splice(0)
    for (const child of children) if (child.spawnargs.includes(WORKERS)) child.kill('SIGKILL')
    for (const child of children.toReversed()) await end(child)
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 })
  }

  async #node(role: ReadyReport['role'], ...flags: string[]): Promise<MeteredNode> {
    this.#count += 1
    const own = [`--home=${this.#home}`, `--name=${role}-${this.#count}`]
    const mesh = this.#bootstrap.map((address) => `--bootstrap=${address}`)
    const words = [role, '--json', '--quiet', `--namespace=${NAMESPACE}`, ...own, ...mesh, ...flags]
    const child = fork(BINARY, words, {
      env: environment(),
      execArgv: ['--import', METER],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc']
    })
    this.#children.push(child)
    const asker = new Asker(child, role)
    const report = JSON.parse(await firstLineOf(child)) as ReadyReport
    return { report, figures: () => asker.ask('figures') }
  }
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  const ended = new AbortController()
  child.once('exit', () => ended.abort(new Error('a node ended before it was ready')))
  const lines = createInterface(child.stdout as NodeJS.ReadableStream)
  const [line] = (await once(lines, 'line', { signal: ended.signal })) as [string]
  return line
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(timer)
}

/** What is measured is the program as it comes, whatever the shell around has set. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('TASKMESH_'))
  return Object.fromEntries(kept)
}
