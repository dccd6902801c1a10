/** The two kinds of mesh that a foreign program may meet, each of real processes with a home of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { endsWithUs } from '../hostile/children.ts'
import { BINARY, RunningTaskmesh } from '../support/running-taskmesh.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

export const NAMESPACE = 'interop'

export class InteropMesh {
  readonly bootstrap: ReadyReport
  readonly #home: string
  readonly #nodes: readonly RunningTaskmesh[]

  private constructor(home: string, nodes: readonly RunningTaskmesh[], bootstrap: ReadyReport) {
    this.#home = home
    this.#nodes = nodes
    this.bootstrap = bootstrap
  }

  /** A bootstrap, a router and a worker that take anyone, on loopback. */
  static async open(): Promise<InteropMesh> {
    return await InteropMesh.#start('127.0.0.1', temporaryHome())
  }

  /** The same with an authority; on the network where there is one, so that the bootstrap serves as a relay. */
  static async closed(): Promise<InteropMesh> {
    const home = temporaryHome()
    await typed(home, ['init'])
    return await InteropMesh.#start(networkHost() ?? '127.0.0.1', home)
  }

  static async #start(host: string, home: string): Promise<InteropMesh> {
    const nodes: RunningTaskmesh[] = []
    const start = async (...words: string[]): Promise<ReadyReport> => {
      const listen = ['--listen', `/ip4/${host}/tcp/0`]
      const node = run(home, [...words, ...listen, '--json'])
      nodes.push(node)
      return await node.report()
    }
    const bootstrap = await start('bootstrap')
    const way = ['--bootstrap', bootstrap.addresses[0] ?? '']
    await start('worker', ...way, '--slots', '1')
    await start('router', ...way, '--http', '127.0.0.1:0')
    return new InteropMesh(home, nodes, bootstrap)
  }

  /** A file with a token by which a client comes in. */
  async token(): Promise<string> {
    const words = ['token', 'create', '--role', 'client', '--namespace', NAMESPACE]
    const file = join(this.#home, 'client.token')
    writeFileSync(file, await typed(this.#home, words), { mode: 0o600 })
    return file
  }

  /** Runs a command at home in this mesh. @throws with what it said, where it failed */
  async type(...words: string[]): Promise<string> {
    return await typed(this.#home, words)
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes.toReversed()) await node.stop()
  }
}

/** Of this machine, beyond itself. */
export function networkHost(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

async function typed(home: string, words: readonly string[]): Promise<string> {
  const command = run(home, words)
  if ((await command.ended()) === 0) return command.stdout
  throw new Error(command.stderr)
}

function run(home: string, words: readonly string[]): RunningTaskmesh {
  const child = spawn(process.execPath, [BINARY, ...words], {
    env: { ...process.env, TASKMESH_HOME: home, TASKMESH_NAMESPACE: NAMESPACE },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  endsWithUs(child)
  return new RunningTaskmesh(child)
}

/** A folder that is removed when this process ends, after the nodes that it ends then. */
function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-interop-'))
  process.once('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  return home
}
