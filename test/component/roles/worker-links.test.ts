/** A worker's leases over real sessions: reports reach their router, and a router that comes back finds its tasks. */
import { afterEach, expect, test } from 'vitest'
import { BuiltinExecutor } from '../../../src/executors/builtin-executor.ts'
import { FakeTaskFiles } from '../../support/fake-task-files.ts'
import { ExecutorRegistry } from '../../../src/executors/executor-registry.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { SessionRouterLinks } from '../../../src/roles/worker-links.ts'
import { TaskServer } from '../../../src/execution/task-server.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { assignmentOf, leaseId, temporaryFolder } from '../../support/build-task-server.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { HostMonitor } from '../../../src/host/host-monitor.ts'
import type { ReportTaskParams } from '../../../src/model/generated/commands-report-task.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const TIMEOUT = { timeoutMs: 10_000 }
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

const capabilities = { memory_total_mb: 1_000, cpu_usage: 0, cpu_cores: 1 }

async function serveTasks(worker: SpawnedNode): Promise<TaskServer> {
  const executors = new ExecutorRegistry([new BuiltinExecutor({ clock: systemClock })])
  await executors.start()
  const host = { snapshot: () => ({ capabilities }) } as unknown as HostMonitor
  const links = new SessionRouterLinks(worker)
  const files = new FakeTaskFiles()
  const server = new TaskServer(
    {
      clock: systemClock,
      executors,
      files,
      host,
      links,
      logger: silentLogger,
      signer: buildSigner()
    },
    { folder: temporaryFolder(), slots: 2, queueSlots: 0, taskMemoryBytes: 1_000, stopGraceMs: 0 }
  )
  await server.start()
  worker.server.register(server.handlers())
  return server
}

test('a task is reported over the session on which it came, and found again over the next', async () => {
  const reports: ReportTaskParams[] = []
  let isWanted = true
  const router = {
    REPORT_TASK: (params: ReportTaskParams) => {
      reports.push(params)
      return { result: { is_wanted: isWanted } }
    }
  }
  const { asker, answerer } = await mesh.pair({}, { handlers: router })
  const tasks = await serveTasks(answerer)
  const task = JSON.stringify({ engine: 'builtin', name: 'sleep', args: { ms: 60_000 } })
  const first = await asker.sessions.open(answerer.peer)
  const lost = first.request(
    { command: 'EXECUTE_TASK', params: { assignment: assignmentOf(1) }, bulk: task },
    TIMEOUT
  )
  await until(() => reports.length > 0)
  expect(reports[0]).toMatchObject({ lease_id: leaseId(1), state: 'running' })
  reports.splice(0)
  await first.close(new Error('cut') as never)
  await expect(lost).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  expect(tasks.load('router').running).toBe(1)
  const second = await asker.sessions.open(answerer.peer)
  await until(() => reports.length > 0)
  expect(reports[0]).toMatchObject({ lease_id: leaseId(1), state: 'running' })
  const attach = { command: 'ATTACH_TASK', params: { lease_id: leaseId(1), log_from: 0 } }
  const attached = second.request(attach, TIMEOUT)
  const stop = { command: 'STOP_TASK', params: { lease_id: leaseId(1), reason: 'enough' } }
  expect((await second.request(stop, TIMEOUT)).result).toEqual({ state: 'stopped' })
  expect((await attached).error).toMatchObject({ code: 'TASK_STOPPED', message: 'enough' })
  isWanted = false
  await second.close(new Error('cut') as never)
  const third = await asker.sessions.open(answerer.peer)
  await until(() => reports.some(({ state }) => state === 'ended'))
  // The router said that it needs it no more, so it is gone.
  expect((await third.request(attach, TIMEOUT)).error?.code).toBe('TASK_UNKNOWN')
  await tasks.stop()
})

test('a report without a session fails, and so does one that the router does not serve', async () => {
  const { asker, answerer } = await mesh.pair()
  const links = new SessionRouterLinks(answerer)
  const params = {
    lease_id: leaseId(1),
    job_id: 'j',
    item: 0,
    attempt: 1,
    state: 'running'
  } as const
  expect(links.isConnected(asker.peer)).toBe(false)
  await expect(links.report(asker.peer, params)).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  const { promise, resolve } = Promise.withResolvers<string>()
  links.listen({ onConnected: resolve, onClosed: () => {} })
  await asker.sessions.open(answerer.peer)
  expect(await promise).toBe(asker.peer)
  expect(links.isConnected(asker.peer)).toBe(true)
  await expect(links.report(asker.peer, params)).rejects.toMatchObject({
    code: 'COMMAND_NOT_SERVED'
  })
})
