/**
 * A mesh as its owner makes one over several networks, by the commands that he types: an authority, bootstraps on
 * public machines, and for everyone else a token. Nobody is let in who has none.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiClient } from '../../src/client/api-client.ts'
import { openDoor } from './api-door.ts'
import { until } from '../support/until.ts'
import type { Host } from './host.ts'
import type { PeerView } from '../../src/model/generated/api-peer.ts'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'
import type { UntilInit } from '../support/until.ts'

export const BOOTSTRAP_PORT = 51_820
const LISTEN = [`/ip4/0.0.0.0/tcp/${BOOTSTRAP_PORT}`, `/ip6/::/tcp/${BOOTSTRAP_PORT}`]

/** Several times what a loaded machine takes to find out that a link is dead. */
const WAIT: UntilInit = { deadlineMs: 45_000 }

type Role = 'bootstrap' | 'worker' | 'router'

/** A node, which keeps its folder when it is started again. */
export class NetNode {
  readonly host: Host
  readonly role: Role
  readonly name: string
  report!: ReadyReport
  process!: RunningTaskmesh
  readonly #words: readonly string[]
  readonly #env: Record<string, string>

  constructor(
    host: Host,
    {
      env,
      name,
      role,
      words
    }: { env: Record<string, string>; name: string; role: Role; words: string[] }
  ) {
    this.host = host
    this.role = role
    this.name = name
    this.#words = words
    this.#env = env
  }

  get peer(): string {
    return this.report.peer_id
  }

  /** Once it is ready. */
  async start(): Promise<void> {
    const words = [this.role, '--name', this.name, ...this.#words, '--json']
    this.process = this.host.start(words, this.#env)
    this.report = await this.process.report()
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.process.process.kill('SIGKILL')
    await this.process.ended()
  }
}

/** A router, and its API as seen from the tests. */
export class NetRouter extends NetNode {
  client!: ApiClient

  override async start(): Promise<void> {
    await super.start()
    const file = readFileSync(join(this.report.folder, 'api.json'), 'utf8')
    const { token, url } = JSON.parse(file) as { token: string; url: string }
    this.client = new ApiClient({
      url: await openDoor(this.host, Number(new URL(url).port)),
      token
    })
  }

  /** What it says of its connection with another node. */
  async peerView({ peer }: NetNode): Promise<PeerView | undefined> {
    return (await this.client.peers()).find(({ peer_id: id }) => id === peer)
  }

  /** Waits until the best way to a node is of this kind. */
  async untilPath(node: NetNode, path: PeerView['path']): Promise<PeerView> {
    const view = await until(
      `${path} way from ${this.name} to ${node.name}`,
      () => this.peerView(node),
      (seen) => seen?.path === path,
      WAIT
    )
    if (view === undefined) throw new Error('it was there a moment ago')
    return view
  }

  /** Waits until a worker's own record names such addresses. @returns all that it names */
  async untilAddresses(
    worker: NetNode,
    what: string,
    holds: (addresses: readonly string[]) => boolean
  ): Promise<readonly string[]> {
    return await until(
      `${what} in the record of ${worker.name}`,
      async () =>
        (await this.client.nodes()).find(({ peer_id: id }) => id === worker.peer)?.addresses ?? [],
      holds,
      WAIT
    )
  }

  /** Puts a file into the mesh by this router. @returns what jobs call it */
  async addFile(name: string, content: Uint8Array): Promise<string> {
    const path = join(this.host.home, name)
    writeFileSync(path, content)
    const [file] = JSON.parse(await this.host.type('files', 'add', path, '--json')) as [
      { id: string }
    ]
    return `mesh:${file.id}`
  }

  /** A job that looks at a file, and says how long it is. */
  async submitReading(file: string): Promise<string> {
    const source = 'function main () { return files.bytes("data").length }'
    const { id } = await this.client.submit({
      task: { engine: 'javascript', source },
      inputs: [{ path: 'data', from: file }],
      resources: { memory: '256MiB' }
    })
    return id
  }

  /** Waits until it could give tasks to these workers, and to no others. */
  async untilReady(...workers: NetNode[]): Promise<void> {
    await until(
      `${this.name} with ${workers.map(({ name }) => name).join(', ')}`,
      () => this.client.nodes(),
      (nodes) => {
        const ready = nodes.filter(({ state }) => state === 'ready').map(({ peer_id: id }) => id)
        return ready.length === workers.length && workers.every(({ peer }) => ready.includes(peer))
      },
      WAIT
    )
  }
}

export class NetMesh {
  /** The one address that tokens name. @default all that the bootstraps have */
  contact: string | undefined
  readonly #authority: Host
  /** Among its nodes on one machine. */
  readonly #counts = new Map<Host, number>()

  private constructor(authority: Host) {
    this.#authority = authority
  }

  /** @param authority the machine where its key is */
  static async init(authority: Host, ...flags: string[]): Promise<NetMesh> {
    await authority.type('init', ...flags)
    return new NetMesh(authority)
  }

  /** The home of the authority is on all machines where bootstraps run. */
  async bootstrap(host: Host, ...flags: string[]): Promise<NetNode> {
    const listen = LISTEN.flatMap((address) => ['--listen', address])
    const env = { TASKMESH_HOME: this.#authority.home }
    const node = new NetNode(host, { ...this.#init(host, 'bootstrap', [...listen, ...flags]), env })
    await node.start()
    return node
  }

  async worker(host: Host, ...flags: string[]): Promise<NetNode> {
    const words = ['--join', await this.token(host, 'worker'), '--slots', '2', ...flags]
    const node = new NetNode(host, this.#init(host, 'worker', words))
    await node.start()
    return node
  }

  async router(host: Host, ...flags: string[]): Promise<NetRouter> {
    const token = await this.token(host, 'router')
    const words = ['--join', token, '--http', '127.0.0.1:0', ...flags]
    const node = new NetRouter(host, this.#init(host, 'router', words))
    await node.start()
    return node
  }

  /** A file with a token, on the machine that it is for. */
  async token(host: Host, role: string, ...flags: string[]): Promise<string> {
    const by = this.contact === undefined ? [] : ['--bootstrap', this.contact]
    const words = ['token', 'create', '--role', role, ...by, ...flags]
    const text = await this.#authority.type(...words)
    const file = join(host.home, `${role}.token`)
    writeFileSync(file, text, { mode: 0o600 })
    return `@${file}`
  }

  /** Whoever types there visits the mesh as its client from then on. */
  async visitor(host: Host): Promise<void> {
    await host.type('join', await this.token(host, 'client'))
  }

  #init(
    host: Host,
    role: Role,
    words: string[]
  ): { env: Record<string, string>; name: string; role: Role; words: string[] } {
    const count = 1 + (this.#counts.get(host) ?? 0)
    this.#counts.set(host, count)
    const name = [host.name, role, ...(count === 1 ? [] : [count])].join('-')
    return { env: {}, name, role, words }
  }
}
