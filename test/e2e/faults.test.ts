import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CLIENT, CrashMesh } from '../crash/crash-mesh.ts'
import { readJournals } from '../crash/journals.ts'
import { until } from '../support/until.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { AttemptView } from '../../src/model/generated/api-job.ts'
import type { CrashMeshInit } from '../crash/crash-mesh.ts'
import type { CrashNode } from '../crash/crash-node.ts'
import type { JournalLine } from '../crash/journals.ts'

let mesh: CrashMesh

/** Tests of one group share a mesh; each leaves it whole. */
function shareMesh(init: CrashMeshInit): void {
  beforeAll(async () => {
    mesh = await CrashMesh.start(init)
  })
  afterEach(async () => {
    await mesh.restore()
  })
  afterAll(async () => {
    await mesh.stopNodes()
    const complaints = mesh.nodes.flatMap((node) => node.complaints)
    const survivors = await mesh.survivors()
    await mesh.stop()
    expect({ complaints, survivors }).toEqual({ complaints: [], survivors: [] })
  })
}

const router = (): CrashNode => mesh.routers[0] as CrashNode
const client = (): ApiClient => mesh.client(router().name)

/** How long a silent worker is waited for; the default of 30 s would only make the tests slow. */
const WAIT = { on_disconnect: { wait: '2s' }, retry: { backoff: { delay: '100ms' } } }
/** What 24,000 bytes take there and back at 4 KiB a second, a little less: longer than a heartbeat's period each way. */
const CRAWLED_MS = 10_000
const PATIENT = { on_disconnect: { wait: '80s' } }

/** Without backup copies, so that what becomes of the one attempt is seen. */
function sleepJob(ms: number, more: object = WAIT): object {
  const task = { engine: 'builtin', name: 'sleep', args: { ms } }
  return { task, route: { hedge: false }, ...more }
}

function sleepJobs(count: number, ms: number, more: object = WAIT): object {
  return { ...sleepJob(ms, more), each: Array.from({ length: count }, () => ({})) }
}

function journalOf(jobId: string, event: JournalLine['event']): JournalLine[] {
  return readJournals(mesh.workers).filter((line) => line.job_id === jobId && line.event === event)
}

/** The worker at which the job's only task has begun. */
async function workerOf(jobId: string): Promise<CrashNode> {
  const [line] = await until(
    'begin of the task',
    () => journalOf(jobId, 'began'),
    (lines) => lines.length > 0
  )
  return mesh.node(line?.worker ?? '')
}

async function attemptsUntil(
  jobId: string,
  what: string,
  holds: (attempts: readonly AttemptView[]) => boolean
): Promise<AttemptView[]> {
  return await until(what, () => client().attempts(jobId), holds)
}

function statesOf(attempts: readonly AttemptView[]): string[] {
  return attempts.map(({ state }) => state)
}

function reasonsOf(attempt: AttemptView | undefined): string[] {
  return attempt?.history.map(({ reason }) => reason) ?? []
}

async function killRouterAndRestart(): Promise<void> {
  await router().kill()
  await router().start()
}

describe('with a router and two workers', () => {
  shareMesh({ workers: 2, slots: 2 })

  test('fault 1: router killed between journal write and acknowledgement: client retries by key, one job', async () => {
    // The submission gets there, the acknowledgement doesn't get back.
    mesh.setLink(CLIENT, router().name, 'forth')
    const submission = client().handIn(sleepJob(10), { key: 'fault-1' })
    const ofKey = async (): Promise<string[]> => {
      const jobs = await mesh.observer(router().name).jobs()
      return jobs.filter(({ key }) => key === 'fault-1').map(({ id }) => id)
    }
    const ids = await until('job on disk', ofKey, ({ length }) => length > 0)
    await router().kill()
    // What was still on its way back is lost with the connection.
    mesh.setLink(CLIENT, router().name, 'broken')
    mesh.setLink(CLIENT, router().name, 'open')
    await router().start()
    const { isNew, jobs } = await submission
    expect({ isNew, ids: jobs.map(({ id }) => id) }).toEqual({ isNew: false, ids })
    expect(await ofKey()).toEqual(ids)
    expect(await client().wait(ids[0] ?? '')).toMatchObject({ state: 'completed' })
    expect(journalOf(ids[0] ?? '', 'began')).toHaveLength(1)
  })

  test('fault 2: router killed after acknowledgement: job runs', async () => {
    const { id } = await client().submit(sleepJobs(3, 10))
    await killRouterAndRestart()
    expect(await client().wait(id)).toMatchObject({ state: 'completed', counts: { completed: 3 } })
  })

  test('fault 3: router killed after dispatch: the worker’s result is fetched after restart, not run again', async () => {
    const { id } = await client().submit(sleepJob(3_000, PATIENT))
    await workerOf(id)
    await killRouterAndRestart()
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 1 })
    expect(journalOf(id, 'began')).toHaveLength(1)
    const attempts = await client().attempts(id)
    expect(statesOf(attempts)).toEqual(['completed'])
    expect(reasonsOf(attempts[0])).toContain('RECONNECTED')
  })

  test('fault 4: router killed while recording a result: result recorded once', async () => {
    const count = 40
    const { id } = await client().submit(sleepJobs(count, 60, PATIENT))
    // Each time as soon as results are on their way, so that some are sent, read or half recorded.
    for (const ended of [4, 14, 24]) {
      const look = (): JournalLine[] => journalOf(id, 'ended')
      await until('ends of tasks', look, ({ length }) => length >= ended, { pollMs: 5 })
      await killRouterAndRestart()
    }
    expect(await client().wait(id)).toMatchObject({
      state: 'completed',
      counts: { completed: count }
    })
    const attempts = await client().attempts(id, { limit: 1_000 })
    const completed = attempts.filter(({ state }) => state === 'completed')
    expect(completed.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, index) => index)
    )
    expect(journalOf(id, 'began')).toHaveLength(count)
  })

  test('fault 6: worker killed while running: rerouted after the lease', async () => {
    const { id } = await client().submit(sleepJob(2_000))
    const worker = await workerOf(id)
    await worker.kill()
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 2 })
    const [lost, completed] = await client().attempts(id)
    expect(lost).toMatchObject({ state: 'lost', worker: worker.report.peer_id })
    expect(completed).toMatchObject({ state: 'completed' })
    expect(completed?.worker).not.toBe(worker.report.peer_id)
    const unknown = lost?.history.find(({ state }) => state === 'unknown')
    expect((lost?.ended_at_ms ?? 0) - (unknown?.at_ms ?? Infinity)).toBeGreaterThan(1_900)
  })

  test('fault 7: worker killed after finishing, before reporting', async () => {
    const { id } = await client().submit(sleepJob(1_000, PATIENT))
    const worker = await workerOf(id)
    mesh.setLink(router().name, worker.name, 'forth')
    await until(
      'end of the task',
      () => journalOf(id, 'ended'),
      ({ length }) => length === 1
    )
    await worker.kill()
    mesh.setLink(router().name, worker.name, 'broken')
    mesh.setLink(router().name, worker.name, 'open')
    // In its folder it finds that it had ended a task of which the result is gone, and says so.
    await worker.start()
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 2 })
    const attempts = await client().attempts(id)
    expect(statesOf(attempts)).toEqual(['lost', 'completed'])
    expect(attempts[0]?.error?.code).toBe('TASK_LOST')
    expect(journalOf(id, 'began')).toHaveLength(2)
  })

  test('fault 8: worker paused (SIGSTOP) beyond its lease, then continued: late result ignored', async () => {
    const source = 'function main () { sleep(1500) }'
    const route = { hedge: false }
    const { id } = await client().submit({ task: { engine: 'javascript', source }, route, ...WAIT })
    const worker = await workerOf(id)
    worker.freeze()
    const job = await client().wait(id)
    expect(job).toMatchObject({ state: 'completed', attempts: 2 })
    worker.thaw()
    const attempts = await attemptsUntil(id, 'late result', ([first]) =>
      reasonsOf(first).includes('LATE_RESULT')
    )
    expect(statesOf(attempts)).toEqual(['lost', 'completed'])
    expect(await client().job(id)).toEqual(job)
  })

  test('a worker that falls silent holds nothing up that bears a backup copy', async () => {
    const source = 'function main () { sleep(1500) }'
    const { id } = await client().submit({ task: { engine: 'javascript', source }, ...PATIENT })
    const worker = await workerOf(id)
    worker.freeze()
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 2 })
    const [first, backup] = await client().attempts(id)
    expect(first).toMatchObject({ state: 'stopped', role: 'primary' })
    expect(reasonsOf(first)).toContain('COPY_SUPERSEDED')
    expect(backup).toMatchObject({ state: 'completed', role: 'backup' })
    worker.thaw()
  })

  test.each(['broken', 'silent'] as const)(
    'fault 9: link cut both ways (%s), healed within on_disconnect.wait',
    async (cut) => {
      const { id } = await client().submit(sleepJob(2_000, PATIENT))
      const worker = await workerOf(id)
      mesh.setLink(router().name, worker.name, cut)
      await attemptsUntil(id, 'unknown attempt', ([first]) => first?.state === 'unknown')
      mesh.setLink(router().name, worker.name, 'open')
      expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 1 })
      expect(journalOf(id, 'began')).toHaveLength(1)
      const [attempt] = await client().attempts(id)
      expect(reasonsOf(attempt)).toContain('RECONNECTED')
    }
  )

  test('fault 10: link cut one way, the worker is not heard: rerouted, and its result ignored', async () => {
    const { id } = await client().submit(sleepJob(1_000))
    const worker = await workerOf(id)
    mesh.setLink(router().name, worker.name, 'forth')
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 2 })
    mesh.setLink(router().name, worker.name, 'open')
    await mesh.untilReady(router().name)
    expect(statesOf(await client().attempts(id))).toEqual(['lost', 'completed'])
    expect(journalOf(id, 'began')).toHaveLength(2)
  })

  test('fault 10: link cut one way, the router is not heard: what it has sent is done and reported', async () => {
    const { id } = await client().submit(sleepJob(1_000))
    const worker = await workerOf(id)
    mesh.setLink(router().name, worker.name, 'back')
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 1 })
    expect(journalOf(id, 'began')).toHaveLength(1)
  })

  test('fault 11: link slow to a crawl: what comes slowly is waited for, and nobody is blamed', async () => {
    for (const { name } of mesh.workers) mesh.setLink(router().name, name, 'slow')
    const text = 'x'.repeat(24_000)
    const task = { engine: 'javascript', source: 'const main = (input) => input', input: text }
    const { id } = await client().submit({ task, route: { hedge: false }, ...PATIENT })
    expect(await client().wait(id)).toMatchObject({ state: 'completed', attempts: 1, result: text })
    const [attempt] = await client().attempts(id)
    const tookMs = (attempt?.ended_at_ms ?? 0) - (attempt?.offered_at_ms ?? 0)
    expect(tookMs, 'the link is slow').toBeGreaterThan(CRAWLED_MS)
    expect(reasonsOf(attempt)).not.toContain('PEER_SILENT')
  })
})

describe('with two routers and two workers of one slot each', () => {
  shareMesh({ routers: 2, workers: 2, slots: 1, queueSlots: 0 })

  test('fault 14: two routers, one worker’s last slot: one gets busy and goes on', async () => {
    const clients = mesh.routers.map(({ name }) => mesh.client(name))
    const job = sleepJob(300, { ...WAIT, where: { require: ['name = worker-1'] } })
    // Both see the free slot unless one hears of the other's task in time: then once more.
    const attempts = await until(
      'refusal',
      async () => {
        const ids = await Promise.all(clients.map(async (each) => (await each.submit(job)).id))
        const ends = await Promise.all(clients.map((each, at) => each.wait(ids[at] ?? '')))
        expect(ends.map(({ state }) => state)).toEqual(['completed', 'completed'])
        return (await Promise.all(clients.map((each, at) => each.attempts(ids[at] ?? '')))).flat()
      },
      (all) => all.some(({ state }) => state === 'refused')
    )
    const refused = attempts.filter(({ state }) => state === 'refused')
    expect(refused.map(({ error }) => error?.code)).toEqual(refused.map(() => 'WORKER_BUSY'))
    const reputations = await Promise.all(clients.map((each) => each.reputation()))
    expect(reputations.flat().map(({ failures }) => failures)).not.toContain(1)
  })

  test('fault 22: bootstrap gone for long: jobs go on', async () => {
    await mesh.bootstrap.kill()
    const { id } = await client().submit(sleepJobs(4, 50))
    expect(await client().wait(id)).toMatchObject({ state: 'completed', counts: { completed: 4 } })
    // Router and worker find each other again without anybody's introduction.
    mesh.setLink(router().name, 'worker-1', 'broken')
    await until(
      'loss of the worker',
      () => client().nodes(),
      (nodes) => nodes.filter(({ state }) => state === 'ready').length === 1
    )
    mesh.setLink(router().name, 'worker-1', 'open')
    await mesh.untilReady(router().name)
    const again = await client().submit(sleepJob(10, { where: { require: ['name = worker-1'] } }))
    expect(await client().wait(again.id)).toMatchObject({ state: 'completed', attempts: 1 })
  })

  test('fault 29: SIGTERM of each role under load', async () => {
    const count = 60
    const [first] = mesh.workers
    const { id } = await client().submit(sleepJobs(count, 100, PATIENT))
    const look = async (): Promise<number> => (await client().job(id)).counts.completed
    await until('progress', look, (completed) => completed > 4)
    expect(await Promise.all([mesh.bootstrap.terminate(), first?.terminate()])).toEqual([0, 0])
    await until('progress without the worker', look, (completed) => completed > 12)
    expect(await router().terminate()).toBe(0)
    await mesh.restore()
    const job = await client().wait(id)
    expect(job).toMatchObject({ state: 'completed', counts: { completed: count } })
    const attempts = await client().attempts(id, { limit: 1_000 })
    const states = new Set(statesOf(attempts))
    states.delete('refused')
    expect([...states]).toEqual(['completed'])
    const reputations = await client().reputation()
    expect(reputations.map(({ failures }) => failures)).not.toContain(1)
  })
})
