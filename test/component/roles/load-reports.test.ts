/**
 * Two routers and a worker over real sessions: each sees what the other has there, and one that was refused is
 * told as soon as there is room. No heartbeat is due in all that time.
 */
import { afterEach, expect, test } from 'vitest'
import { Directory } from '../../../src/discovery/directory.ts'
import { ExecutorRegistry } from '../../../src/executors/executor-registry.ts'
import { FakeTaskFiles } from '../../support/fake-task-files.ts'
import { ManualExecutor, assignmentOf, temporaryFolder } from '../../support/build-task-server.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { SessionRouterLinks } from '../../../src/roles/worker-links.ts'
import { TaskServer } from '../../../src/execution/task-server.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { recordOf, standingOf } from '../../support/spawn-discovery.ts'
import { sealRecord } from '../../../src/discovery/record.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { readRouterRules } from '../../../src/model/router-rules.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { Candidate } from '../../../src/selection/candidate.ts'
import type { HostMonitor } from '../../../src/host/host-monitor.ts'
import type { SessionAnswer } from '../../../src/protocol/session.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const QUIET = { sessions: { beatPeriodMs: 600_000, silenceMsMax: 1_200_000 } }
const TASK = JSON.stringify({ engine: 'builtin', name: 'noop' })
const CAPABILITIES = {
  ...recordOf('').capabilities,
  cpu_usage: 0,
  memory_total_mb: 1_000,
  memory_available_mb: 500,
  disk_available_mb: 9
}

const mesh = new Mesh()
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await mesh.stop()
})

interface Worker {
  node: SpawnedNode
  executor: ManualExecutor
}

/** @param limits rules for routers, as its owner writes them */
async function startWorker(slots: number, limits: readonly string[] = []): Promise<Worker> {
  let tasks: TaskServer | undefined
  const node = await mesh.add({ ...QUIET, describeLoad: (peer) => tasks?.load(peer) ?? null })
  const executor = new ManualExecutor()
  const executors = new ExecutorRegistry([executor])
  await executors.start()
  const host = {
    snapshot: () => ({ capabilities: CAPABILITIES }),
    slowdown: 1.25
  } as unknown as HostMonitor
  const links = new SessionRouterLinks(node)
  const shared = { clock: systemClock, logger: silentLogger, signer: buildSigner() }
  const server = new TaskServer(
    { ...shared, executors, files: new FakeTaskFiles(), host, links },
    {
      folder: temporaryFolder(),
      slots,
      queueSlots: 0,
      taskMemoryBytes: 1_000,
      stopGraceMs: 0,
      routerRules: readRouterRules(limits, 'router_limits')
    }
  )
  tasks = server
  await server.start()
  const record = await sealRecord(recordOf(node.peer, { slots, queue_slots: 0 }), node.key)
  node.server.register({
    ...server.handlers(),
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: {
        ...limitsFor(server, remotePeer),
        ...CAPABILITIES,
        latency_ms: 0,
        reputation: 0.5,
        role: 'worker',
        namespace: 'demo',
        agent: 'test',
        load: server.load(remotePeer),
        record: Buffer.from(record).toString('base64')
      }
    })
  })
  stops.push(async () => {
    while (executor.running.length > 0) executor.running[0]?.end()
    await server.stop()
  })
  return { node, executor }
}

function limitsFor(server: TaskServer, peer: string): object {
  const limits = server.limitsOf(peer)
  return limits === undefined ? {} : { limits }
}

class Router {
  readonly directory: Directory
  readonly #node: SpawnedNode
  readonly #worker: SpawnedNode
  onRoom: () => void = () => {}

  private constructor(node: SpawnedNode, worker: SpawnedNode) {
    this.#node = node
    this.#worker = worker
    const tracker = { wayTo: () => undefined }
    const told = { onRoom: () => this.onRoom(), onNode: () => {}, standingOf }
    const shared = { clock: systemClock, logger: silentLogger, tracker, ...told }
    this.directory = new Directory({ ...node, ...shared }, { namespace: 'demo' })
  }

  static async start({ node: worker }: Worker): Promise<Router> {
    const router = new Router(await mesh.add(QUIET), worker)
    const { directory } = router
    await directory.start()
    stops.push(async () => await directory.stop())
    directory.onFound({ peer: worker.peer, addresses: [worker.address], by: 'dht' })
    await until(() => directory.candidates().length === 1)
    return router
  }

  get view(): Candidate {
    return this.directory.candidates()[0] as Candidate
  }

  /** As dispatch does: counted before it is sent, and after its answer. */
  async send(item: number, expectedMs = 1_000): Promise<SessionAnswer> {
    const { peer } = this.#worker
    const number = this.directory.sent(peer, { expectedMs, gpuCount: 0 })
    const assignment = { ...assignmentOf(item), number, expected_ms: expectedMs }
    const session = await this.#node.sessions.open(peer)
    const command = { command: 'EXECUTE_TASK', params: { assignment }, bulk: TASK }
    const answer = await session.request(command, { timeoutMs: 30_000 })
    this.directory.ended(peer, { number, taskType: 'builtin:noop' })
    this.directory.reported(peer, answer.result?.['load'])
    return answer
  }
}

test('each router sees what the other has there, and counts none of its own twice', async () => {
  const worker = await startWorker(2)
  const [ours, theirs] = [await Router.start(worker), await Router.start(worker)]
  const short = ours.send(1)
  await until(() => worker.executor.running.length === 1)
  worker.executor.running[0]?.end()
  await short
  const answers = [theirs.send(2, 1_000), theirs.send(3, 3_000)]
  expect(theirs.view).toMatchObject({ running: 0, unseenCount: 2, unseenMs: 4_000 })
  await until(() => ours.view.running === 2 && theirs.view.running === 2)
  expect(ours.view).toMatchObject({ queued: 0, unseenCount: 0, routers: 2, slowdown: 1.25 })
  expect(theirs.view).toMatchObject({ queued: 0, unseenCount: 0, unseenMs: 0 })
  expect(ours.view.waitMs).toBeCloseTo(750)
  expect(ours.view.workRate).toBeGreaterThan(theirs.view.ownRate / 2)
  while (worker.executor.running.length > 0) worker.executor.running[0]?.end()
  await Promise.all(answers)
  await until(() => ours.view.running === 0)
  expect(theirs.view).toMatchObject({ running: 0, unseenCount: 0 })
})

test('one that was refused hears of room, and is served before any heartbeat', async () => {
  const worker = await startWorker(1)
  const [ours, theirs] = [await Router.start(worker), await Router.start(worker)]
  const first = theirs.send(1)
  await until(() => worker.executor.running.length === 1)
  const refused = await ours.send(2)
  expect(refused.error?.code).toBe('WORKER_BUSY')
  expect(ours.view).toMatchObject({ running: 1, unseenCount: 0 })
  const again = Promise.withResolvers<SessionAnswer>()
  ours.onRoom = () => {
    ours.onRoom = () => {}
    again.resolve(ours.send(3))
  }
  worker.executor.running[0]?.end()
  await first
  await until(() => worker.executor.startedCount === 2)
  worker.executor.running[0]?.end()
  expect((await again.promise).error).toBeUndefined()
})

test('a router knows what the owner of a worker lets it have there, and how much of it is left', async () => {
  const worker = await startWorker(4, ['* slots=1 queued=1 memory=1GiB'])
  const [ours, theirs] = [await Router.start(worker), await Router.start(worker)]
  expect(ours.view).toMatchObject({
    limits: { slots: 1, queued: 1, memory_bytes: 2 ** 30 },
    allowed: 2
  })
  const answers = [ours.send(1, 100), ours.send(2, 100)]
  expect(ours.view).toMatchObject({ allowed: 2, unseenCount: 2 })
  const refused = await ours.send(3, 100)
  expect(refused.error).toMatchObject({ code: 'OWNER_REFUSED', blame: 'owner' })
  expect(refused.error?.retryAfterMs).toBeGreaterThan(0)
  expect(ours.view).toMatchObject({ allowed: 0, unseenCount: 0 })
  // The other has as much, and nothing of it is taken.
  expect(theirs.view.allowed).toBe(2)
  const other = theirs.send(4, 100)
  await until(() => worker.executor.running.length === 2)
  for (let count = 0; count < 3; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await until(() => worker.executor.running.length > 0)
    worker.executor.running[0]?.end()
  }
  await Promise.all([...answers, other])
  await until(() => ours.view.allowed === 2)
})
