/** A whole mesh on this machine: one bootstrap, some workers and one router, each a process of its own. */
import { createServer } from 'node:net'
import { availableParallelism, totalmem } from 'node:os'
import { ApiClient } from '../client/api-client.ts'
import { MeshError } from '../core/errors.ts'
import { sleep } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import { createAuthority, hasAuthority } from '../membership/authority.ts'
import { MeshChild } from './mesh-child.ts'
import { planWorkers } from './mesh-plan.ts'
import { livingProcesses, removeMeshRecord, writeMeshRecord } from './mesh-record.ts'
import { livingNodes } from './router-connection.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { PlannedNode } from './mesh-plan.ts'

export interface LocalMeshInit extends AbortOptions {
  home: string
  namespace: string
  workerCount: number
  /** False: free ports, so that it meets no other mesh. */
  usesKnownPorts: boolean
  /** True: the processes go on without this one. */
  isKept: boolean
  /** Told of a known port that is another program's, perhaps another mesh's, so that this mesh has another one. */
  onTakenPort?: (port: number) => void
  /** Told of each node that is ready. */
  onReady?: (child: MeshChild) => void
}

export interface LocalMesh {
  client: ApiClient
  children: readonly MeshChild[]
  router: MeshChild
  /** Opens the API of its router. */
  token: string | undefined
  /** Ends all of it, in good order. May be called twice. */
  stop(): Promise<void>
  /** Lets this process end while the mesh goes on. */
  leave(): void
}

const BOOTSTRAP_PORT = 51_820
const HTTP_PORT = 51_880
const LOOPBACK = '127.0.0.1'
const FOUND_TIMEOUT_MS = 30_000
const POLL_MS = 50

/**
 * Resolves when the router knows every worker. If anything fails on the way, nothing is left running.
 * @throws MeshError NODE_ALREADY_RUNNING, ADDRESS_IN_USE, INTERNAL; the signal's reason
 */
export async function startLocalMesh(init: LocalMeshInit): Promise<LocalMesh> {
  const { home, isKept } = init
  refuseSecond(home)
  // Only what is started in this home belongs to the mesh, other users of the machine do not.
  if (!hasAuthority(home)) createAuthority(home)
  const children: MeshChild[] = []
  const launch = (plan: PlannedNode, flags: readonly string[]): MeshChild => {
    const child = new MeshChild(plan, {
      home,
      isKept,
      flags: ['--namespace', init.namespace, ...flags]
    })
    children.push(child)
    const processes = children.map(({ pid, plan: { name } }) => ({ name, pid }))
    writeMeshRecord(home, { owner: isKept ? null : process.pid, processes })
    return child
  }
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
    removeMeshRecord(home)
  }
  try {
    const router = await launchAll(init, launch)
    const { ca, token } = livingNodes(home).find(({ pid }) => pid === router.pid) ?? {}
    const { http: url = '' } = router.report
    const client = new ApiClient({ url, token, ca })
    await untilAllFound(client, children, init)
    return {
      client,
      children,
      router,
      token,
      stop,
      leave: () => children.forEach((child) => child.leave())
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** What the nodes may offer: a container's limit counts, not the machine around it. */
function thisMachine(): { cores: number; memoryBytes: number } {
  const limit = process.constrainedMemory()
  const memoryBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return { cores: availableParallelism(), memoryBytes }
}

/** The bootstrap first, for the others need its address; these all at once. @returns the router */
async function launchAll(
  init: LocalMeshInit,
  launch: (plan: PlannedNode, flags: readonly string[]) => MeshChild
): Promise<MeshChild> {
  const bootstrapPort = await portFor(init, BOOTSTRAP_PORT)
  const httpPort = await portFor(init, HTTP_PORT)
  const bootstrap = launch({ name: 'up-bootstrap', role: 'bootstrap', flags: [] }, [
    '--listen',
    `/ip4/${LOOPBACK}/tcp/${bootstrapPort}`
  ])
  const { addresses } = await bootstrap.ready(init)
  init.onReady?.(bootstrap)
  const way = ['--bootstrap', addresses[0] ?? '']
  const router = launch({ name: 'up-router', role: 'router', flags: [] }, [
    ...way,
    '--http',
    `${LOOPBACK}:${httpPort}`
  ])
  const workers = planWorkers(init.workerCount, thisMachine()).map((plan) => launch(plan, way))
  await Promise.all(
    [...workers, router].map(async (child) => {
      await child.ready(init)
      init.onReady?.(child)
    })
  )
  return router
}

/** The known port where it is free, 0 for any free one otherwise. */
async function portFor(
  { onTakenPort, usesKnownPorts }: LocalMeshInit,
  port: number
): Promise<number> {
  if (!usesKnownPorts) return 0
  const free = await portOr0(port)
  if (free === 0) onTakenPort?.(port)
  return free
}

async function untilAllFound(
  client: ApiClient,
  children: readonly MeshChild[],
  options: AbortOptions
): Promise<void> {
  const untilMs = systemClock.monotonicMs() + FOUND_TIMEOUT_MS
  const wanted = children
    .filter(({ plan }) => plan.role === 'worker')
    .map(({ report }) => report.peer_id)
  for (;;) {
    // Each look waits for the one before it.
    /* oxlint-disable no-await-in-loop */
    const nodes = await client.nodes({}, options)
    const ready = new Set(
      nodes.filter(({ state }) => state === 'ready').map(({ peer_id }) => peer_id)
    )
    if (wanted.every((peer) => ready.has(peer))) return
    const dead = children.find(({ end }) => end !== undefined)
    if (dead !== undefined || systemClock.monotonicMs() > untilMs) {
      const what =
        dead === undefined
          ? 'the router did not find all workers'
          : `${dead.plan.name} ended (${dead.end})`
      throw new MeshError('INTERNAL', what, { hint: `see ${(dead ?? children[0])?.logFile}` })
    }
    await sleep(systemClock, POLL_MS, options)
    /* oxlint-enable no-await-in-loop */
  }
}

function refuseSecond(home: string): void {
  const living = livingProcesses(home)
  if (living === undefined || living.processes.length === 0) return
  throw new MeshError('NODE_ALREADY_RUNNING', `a local mesh runs here already (${home})`, {
    hint: 'stop it with `taskmesh down`, or use another --home'
  })
}

/** The port if it is free, else 0. */
async function portOr0(port: number): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<number>()
  server.once('error', () => resolve(0))
  server.listen(port, LOOPBACK, () => server.close(() => resolve(port)))
  return promise
}
