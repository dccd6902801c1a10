/**
 * A mesh of real processes on loopback in which every way from one node to another, and from the client
 * to each router, leads through a link that the harness holds. It starts and stops; faults are others'.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiClient } from '../../src/client/api-client.ts'
import { systemRandom } from '../../src/core/random.ts'
import { CrashNode } from './crash-node.ts'
import { drawInteger } from './draw.ts'
import { Link } from './link.ts'
import { isAlive } from './process-table.ts'
import { until } from '../support/until.ts'
import type { LinkState } from './link.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

export interface CrashMeshInit {
  /** @default 1 */
  routers?: number
  /** @default 2 */
  workers?: number
  /** Of each worker. @default 3 */
  slots?: number
  /** Tasks that may wait at each worker. @default as many as slots */
  queueSlots?: number
}

export const BOOTSTRAP = 'bootstrap'
/** Whoever submits: the harness itself. */
export const CLIENT = 'client'

const NAMESPACE = 'crash'
const TOKEN = 'token-of-the-crash-harness'

/**
 * Nodes keep their ports over restarts, so the ports must not be given to anybody's outgoing call
 * meanwhile: these are below the range from which Linux takes those.
 */
const PORT_MIN = 20_000
const PORT_MAX = 31_999

/** A sandbox host notices that its parent is gone by its pipe, and ends. */
const ORPHAN_MS_MAX = 15_000

interface Place {
  name: string
  role: ReadyReport['role']
  port: number
  httpPort: number
}

export class CrashMesh {
  readonly home: string
  readonly bootstrap: CrashNode
  readonly routers: readonly CrashNode[]
  readonly workers: readonly CrashNode[]
  readonly #links: ReadonlyMap<string, Link>
  /** Ports through which the client reaches each router. */
  readonly #doors: ReadonlyMap<string, number>

  private constructor(
    home: string,
    nodes: readonly CrashNode[],
    links: ReadonlyMap<string, Link>,
    doors: ReadonlyMap<string, number>
  ) {
    this.home = home
    this.routers = nodes.filter(({ role }) => role === 'router')
    this.workers = nodes.filter(({ role }) => role === 'worker')
    this.bootstrap = nodes.find(({ role }) => role === 'bootstrap') as CrashNode
    this.#links = links
    this.#doors = doors
    process.once('exit', this.#onExit)
  }

  /** All nodes run, and every router has every worker. Workers have the label `name`. */
  static async start(init: CrashMeshInit = {}): Promise<CrashMesh> {
    const { queueSlots, routers = 1, slots = 3, workers = 2 } = init
    const home = mkdtempSync(join(tmpdir(), 'taskmesh-crash-'))
    const places = [
      await placeOf('bootstrap', BOOTSTRAP),
      ...(await placesOf('router', routers)),
      ...(await placesOf('worker', workers))
    ]
    const links = new Map<string, Link>()
    const routes = await connectAll(places, links)
    const doors = await connectClient(places, links)
    const offer = ['--slots', `${slots}`, '--queue-slots', `${queueSlots ?? slots}`]
    const nodes = places.map(
      (place) =>
        new CrashNode({
          ...place,
          home,
          flags: flagsOf(place, places, offer),
          env: environmentOf(home, routes.get(place.name) ?? {})
        })
    )
    const mesh = new CrashMesh(home, nodes, links, doors)
    try {
      await mesh.restore()
      return mesh
    } catch (cause) {
      await mesh.stop()
      throw cause
    }
  }

  get nodes(): readonly CrashNode[] {
    return [this.bootstrap, ...this.routers, ...this.workers]
  }

  /** The names of the pairs of nodes that talk to each other. */
  get pairs(): [string, string][] {
    return this.routers.flatMap((router) =>
      this.workers.map((worker): [string, string] => [router.name, worker.name])
    )
  }

  node(name: string): CrashNode {
    const node = this.nodes.find((each) => each.name === name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    return node
  }

  /** `near` and `far` are as named here: `forth` goes from the first to the second. */
  setLink(near: string, far: string, state: LinkState): void {
    const link = this.#links.get(`${near} ${far}`)
    if (link === undefined) throw new Error(`no link leads from ${near} to ${far}`)
    link.state = state
  }

  /** Asks a router over its link to the client. */
  client(router: string): ApiClient {
    return new ApiClient(this.api(router))
  }

  /** Where a router's API is behind its link to the client, and what opens it. */
  api(router: string): { url: string; token: string } {
    return { url: `http://127.0.0.1:${this.#doors.get(router)}`, token: TOKEN }
  }

  /** Asks a router past that link: for looking on while it is cut. */
  observer(router: string): ApiClient {
    return new ApiClient({ url: this.node(router).report.http ?? '', token: TOKEN })
  }

  /** Everything is healed, thawed, started, and known to every router. */
  async restore(): Promise<void> {
    for (const link of this.#links.values()) link.state = 'open'
    for (const node of this.nodes) node.thaw()
    // The others find each other over it.
    if (this.bootstrap.state === 'down') await this.bootstrap.start()
    const down = this.nodes.filter(({ state }) => state === 'down')
    await Promise.all(down.map((node) => node.start()))
    await until(
      'start of every node',
      () => this.nodes.filter(({ state }) => state !== 'up').map(({ name }) => name),
      (missing) => missing.length === 0
    )
    await Promise.all(this.routers.map(({ name }) => this.untilReady(name)))
  }

  /** A router has these workers, by default all. */
  async untilReady(router: string, workers: readonly CrashNode[] = this.workers): Promise<void> {
    await until(
      `router ${router} with every worker`,
      () =>
        this.client(router)
          .nodes()
          .catch(() => []),
      (nodes) =>
        workers.every(({ report }) =>
          nodes.some(({ peer_id: peer, state }) => peer === report.peer_id && state === 'ready')
        )
    )
  }

  /** Stops every node, routers first, so that the stores and journals can be read. */
  async stopNodes(): Promise<void> {
    for (const link of this.#links.values()) link.state = 'open'
    for (const group of [this.routers, this.workers, [this.bootstrap]]) {
      await Promise.all(group.map((node) => node.terminate()))
    }
  }

  /** What outlived the process that started it. */
  async survivors(): Promise<string[]> {
    const orphans = this.nodes.flatMap(({ name, orphans: marks }) =>
      marks.map((mark) => ({ name, mark }))
    )
    const look = (): string[] =>
      orphans
        .filter(({ mark }) => isAlive(mark))
        .map(({ mark, name }) => `${mark.pid} of ${name}: ${mark.command.slice(0, 200)}`)
    return await until('end of all orphans', look, (alive) => alive.length === 0, {
      deadlineMs: ORPHAN_MS_MAX
    }).catch(look)
  }

  /** However this process ends, short of `kill -9`, its nodes don't stay behind. */
  readonly #onExit = (): void => {
    for (const node of this.nodes) node.killAtOnce()
  }

  /** Ends everything that was started. @param init.keep leaves the folder with stores, journals and logs */
  async stop(init: { keep?: boolean } = {}): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    process.removeListener('exit', this.#onExit)
    await Promise.all([...this.#links.values()].map((link) => link.close()))
    if (init.keep !== true) rmSync(this.home, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function placesOf(role: 'router' | 'worker', count: number): Promise<Place[]> {
  const places: Place[] = []
  // One after the other: a port that was found free is free for the next search as well.
  // oxlint-disable-next-line no-await-in-loop
  for (let number = 1; number <= count; number += 1)
    places.push(await placeOf(role, `${role}-${number}`))
  return places
}

async function placeOf(role: Place['role'], name: string): Promise<Place> {
  return { name, role, port: await freePort(), httpPort: await freePort() }
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = drawInteger(systemRandom, PORT_MIN, PORT_MAX)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = once(server, 'listening').then(
      () => true,
      () => false
    )
    // oxlint-disable-next-line no-await-in-loop
    if (!(await isFree)) continue
    server.close()
    return port
  }
}

/** A link for every pair of nodes. @returns which port each node has to call for whose port */
async function connectAll(
  places: readonly Place[],
  links: Map<string, Link>
): Promise<Map<string, Record<string, number>>> {
  const routes = new Map<string, Record<string, number>>(places.map(({ name }) => [name, {}]))
  for (const [index, near] of places.entries()) {
    for (const far of places.slice(index + 1)) {
      const link = new Link()
      links.set(`${near.name} ${far.name}`, link)
      // oxlint-disable-next-line no-await-in-loop
      const doors = await Promise.all([
        link.addDoor('near', far.port),
        link.addDoor('far', near.port)
      ])
      Object.assign(routes.get(near.name) ?? {}, { [far.port]: doors[0] })
      Object.assign(routes.get(far.name) ?? {}, { [near.port]: doors[1] })
    }
  }
  return routes
}

async function connectClient(
  places: readonly Place[],
  links: Map<string, Link>
): Promise<Map<string, number>> {
  const doors = new Map<string, number>()
  for (const { httpPort, name } of places.filter(({ role }) => role === 'router')) {
    const link = new Link()
    links.set(`${CLIENT} ${name}`, link)
    // oxlint-disable-next-line no-await-in-loop
    doors.set(name, await link.addDoor('near', httpPort))
  }
  return doors
}

function flagsOf(place: Place, places: readonly Place[], offer: readonly string[]): string[] {
  const listen = ['--listen', addressOf(place.port)]
  const bootstrap = places.find(({ role }) => role === 'bootstrap')?.port ?? 0
  const way = [...listen, '--bootstrap', addressOf(bootstrap)]
  switch (place.role) {
    case 'bootstrap':
      return listen
    case 'router':
      return [...way, '--http', `127.0.0.1:${place.httpPort}`, '--token', TOKEN]
    case 'share':
    case 'monitor':
      return way
    case 'worker':
      return [...way, '--label', `name=${place.name}`, ...offer]
  }
}

function addressOf(port: number): string {
  return `/ip4/127.0.0.1/tcp/${port}`
}

/** What the harness sets counts, not what the shell around it has. */
function environmentOf(home: string, routes: Record<string, number>): Record<string, string> {
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !entry[0].startsWith('TASKMESH_')
  )
  return {
    ...Object.fromEntries(own),
    TASKMESH_HOME: home,
    TASKMESH_NAMESPACE: NAMESPACE,
    TASKMESH_LOG_LEVEL: 'info',
    CRASH_ROUTES: JSON.stringify(routes)
  }
}
