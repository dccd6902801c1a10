/** A mesh of real processes on loopback, of which a test ends and restarts whom it likes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiClient } from '../../src/client/api-client.ts'
import { startTaskmesh, taskmesh, temporaryHome } from './spawn-taskmesh.ts'
import { until } from './until.ts'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { RunningTaskmesh } from './running-taskmesh.ts'

export interface LiveNode {
  report: ReadyReport
  process: RunningTaskmesh
  /** As `kill -9` does. */
  kill(): Promise<void>
  /** As an operator's SIGTERM does; gives the exit code. */
  terminate(): Promise<number>
}

export class LiveMesh {
  /** What its nodes have, and commands need to find their router. */
  readonly env: Readonly<Record<string, string>>
  #bootstrapAddress = ''

  private constructor(home: string) {
    this.env = {
      TASKMESH_HOME: home,
      TASKMESH_NAMESPACE: 'live',
      TASKMESH_LOG_LEVEL: 'info'
    }
  }

  /** Only a bootstrap runs at first. */
  static async start(): Promise<{ mesh: LiveMesh; bootstrap: LiveNode }> {
    const mesh = new LiveMesh(temporaryHome())
    return { mesh, bootstrap: await mesh.bootstrap() }
  }

  /** Started again, it has the identity and address that it had. */
  async bootstrap(): Promise<LiveNode> {
    const listen = this.#bootstrapAddress.split('/p2p/')[0] || '/ip4/127.0.0.1/tcp/0'
    const node = await this.#start(['bootstrap', '--name', 'boot', '--listen', listen])
    this.#bootstrapAddress = node.report.addresses[0] ?? ''
    return node
  }

  async worker(name: string, ...flags: string[]): Promise<LiveNode> {
    return await this.#start(['worker', '--name', name, ...this.#way(), ...flags])
  }

  /** Started again, it has the jobs that it had. */
  async router(...flags: string[]): Promise<LiveNode & { client: ApiClient }> {
    const own = ['--http', '127.0.0.1:0', ...flags]
    const node = await this.#start(['router', '--name', 'router', ...this.#way(), ...own])
    const file = readFileSync(join(node.report.folder, 'api.json'), 'utf8')
    const { token, url } = JSON.parse(file) as { token: string; url: string }
    return Object.assign(node, { client: new ApiClient({ url, token }) })
  }

  /** Offers the files of a folder. @returns their ids by their names as well */
  async share(
    name: string,
    folder: string,
    ...flags: string[]
  ): Promise<LiveNode & { ids: ReadonlyMap<string, string> }> {
    const node = await this.#start(['share', folder, '--name', name, ...this.#way(), ...flags])
    const { process } = node
    await process.until(() => process.stdout.includes('"event":"shared"'), 'shared folder')
    const files = process.stdout.matchAll(/"event":"file","id":"([^"]+)","name":"([^"]+)"/g)
    const ids = new Map([...files].map(([, id = '', file = '']) => [file, id]))
    return Object.assign(node, { ids })
  }

  /** Runs a command that must succeed, and parses what it printed. */
  async json(...words: string[]): Promise<unknown> {
    const env = { ...this.env, TASKMESH_JSON: '1' }
    const { code, stderr, stdout } = await taskmesh(words, { env })
    if (code !== 0) throw new Error(`${words.join(' ')} exited ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }

  #way(): string[] {
    return ['--bootstrap', this.#bootstrapAddress]
  }

  async #start(words: string[]): Promise<LiveNode> {
    const process = startTaskmesh([...words, '--json'], { env: this.env })
    return {
      report: await process.report(),
      process,
      async kill() {
        process.process.kill('SIGKILL')
        await process.ended()
      },
      terminate: () => process.stop()
    }
  }
}

export async function untilWorkersReady(client: ApiClient, count: number): Promise<void> {
  await until(
    'workers ready',
    () => client.nodes(),
    (nodes) => nodes.filter(({ state }) => state === 'ready').length === count
  )
}

/** An array job whose every task takes a while. */
export function slowJob(count: number, ms: number): object {
  return {
    task: { engine: 'builtin', name: 'sleep', args: { ms } },
    each: Array.from({ length: count }, (_, index) => ({ id: `i${index}` })),
    retry: { backoff: { delay: '100ms' } }
  }
}
