/** A worker's slots: who runs, who waits, who is refused, and that no slot is ever lost. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { assignmentOf, buildTaskServer, codeOf, out } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'
import type { Answer, RunningTask } from '../../support/build-task-server.ts'

test('runs as many as it has slots, lets some wait, and refuses the rest with its load', async () => {
  const { ask, executor, server } = await buildTaskServer()
  const answers = [ask(), ask(), ask(), ask()]
  await settle()
  expect(executor.running).toHaveLength(2)
  expect(await answers[3]).toMatchObject({
    error: { code: 'WORKER_BUSY', retryable: true },
    result: { load: { running: 2, queued: 1, slots: 2, queue_slots: 1, stopping: false } }
  })
  executor.running[0]?.end()
  expect(await answers[0]).toMatchObject({
    bulk: 'null',
    result: { load: { running: 2, queued: 0 } }
  })
  await settle()
  expect(executor.startedCount).toBe(3)
  executor.running[0]?.end()
  expect(await answers[1]).toMatchObject({ result: { load: { running: 1, queued: 0 } } })
  executor.running[0]?.end()
  expect(await answers[2]).toMatchObject({ result: { load: { running: 0, queued: 0 } } })
  expect(server.load('router')).toMatchObject({ running: 0, queued: 0, cpu_usage: 12 })
})

test('those who wait get their slot in the order in which they came', async () => {
  const { ask, executor } = await buildTaskServer({ slots: 1, queueSlots: 3 })
  const names = ['noop', 'echo', 'sha256']
  const all = names.map((name) => ask({ engine: 'builtin', name }))
  const seen: unknown[] = []
  for (const _ of names) {
    await settle()
    const { run } = executor.running[0] as RunningTask
    seen.push((run.task as { name: string }).name)
    executor.running[0]?.end()
  }
  await Promise.all(all)
  expect(seen).toEqual(names)
})

test('who waits too long is given back, as others may be free', async () => {
  const { ask, clock, executor, server } = await buildTaskServer({ slots: 1, waitMsMax: 1_000 })
  const first = ask()
  const second = ask()
  await settle()
  clock.advance(1_000)
  expect(codeOf(await second)).toBe('WORKER_BUSY')
  expect(server.load('router').queued).toBe(0)
  executor.running[0]?.end()
  expect(codeOf(await first)).toBeUndefined()
  expect(clock.timerCount).toBe(0)
})

test('a task’s own failure is an answer with logs and usage', async () => {
  const { ask, executor } = await buildTaskServer()
  const answer = ask()
  const error = new MeshError('TASK_FAILED', 'it threw')
  executor.running[0]?.run.onLog(out(1, 'h'))
  executor.running[0]?.run.onLog({ ms: 2, stream: 'err', text: 'm\n' })
  executor.running[0]?.end({ error, usage: { wallMs: 7, cpuMs: 3 } })
  expect(await answer).toEqual({
    error,
    result: {
      logs: 'hm\n',
      logs_dropped_bytes: 0,
      usage: { wall_ms: 7, cpu_ms: 3, bytes_in: 0, bytes_out: 0 },
      load: expect.objectContaining({ running: 0 }) as unknown
    }
  })
})

test.each([
  [{ engine: 'javascript', source: 'x' }, 'ENGINE_UNAVAILABLE', undefined],
  [
    { task: { engine: 'builtin', name: 'noop' }, resources: { memory: '2GB' } },
    'RESOURCES_UNAVAILABLE',
    'resources.memory'
  ],
  [{ task: { engine: 'builtin', name: 'noop' }, each: [{}] }, 'FIELD_INVALID', 'each'],
  [{ task: { engine: 'builtin', name: 'noop' }, needs: ['j-1'] }, 'FIELD_INVALID', 'needs'],
  [{ task: { engine: 'builtin', name: 'noop' }, key: 'once' }, 'FIELD_INVALID', 'key'],
  [{ engine: 'builtin', name: 'noob' }, 'FIELD_INVALID', 'task.name'],
  [{ engine: 'builtin', nam: 'noop' }, 'FIELD_UNKNOWN', 'task.nam'],
  [{ engine: 'process', argv: ['echo', { $job: 'a' }] }, 'FIELD_INVALID', 'task.argv[1]'],
  [
    { task: { engine: 'builtin', name: 'noop' }, timeouts: { run: 'soon' } },
    'FIELD_INVALID',
    'timeouts.run'
  ]
])('refuses %j: %s', async (data, code, path) => {
  const { ask, executor, server } = await buildTaskServer()
  const { error, result } = await ask(data)
  expect([error?.code, error?.path]).toEqual([code, path])
  expect(result?.load).toMatchObject({ running: 0, queued: 0 })
  expect(error?.hint ?? '').toContain(['each', 'needs', 'key'].includes(path ?? '') ? 'router' : '')
  expect(executor.startedCount).toBe(0)
  expect(server.load('router').running).toBe(0)
})

test('limits are those of the router’s assignment, of the job, or the worker’s own', async () => {
  const { executor, server } = await buildTaskServer({ slots: 9 })
  const context = {
    remotePeer: 'r',
    isAddressed: false,
    bulk: undefined,
    signal: new AbortController().signal
  }
  const task = { engine: 'builtin', name: 'noop' } as const
  const assignment = { ...assignmentOf(1), run_timeout_ms: 7, memory_bytes: 8 }
  void server.execute({ task_data: task, assignment }, context)
  const job = { task, resources: { memory: '1KB' }, timeouts: { run: '3s' } }
  void server.execute({ task_data: job }, context)
  void server.execute({ task_data: task }, context)
  await settle()
  const limits = executor.running.map(({ run }) => [run.timeoutMs, run.memoryBytesMax])
  expect(limits).toEqual([
    // One turn later than the others: it is in the journal first.
    [3_000, 1_000],
    [1_800_000, 100],
    [7, 8]
  ])
  const file_hash = `sha256:${'a'.repeat(64)}`
  const wanted = { file_hash, copies: 2, until: '1d' }
  const answer = await server.execute({ task_data: wanted, task_type: 'storage' }, context)
  expect(answer.error).toMatchObject({ code: 'FIELD_INVALID', path: 'task.copies' })
})

test('a cancel stops the task, and its slot is free once the task is gone, not before', async () => {
  const { ask, executor, server } = await buildTaskServer({ slots: 1, queueSlots: 0 })
  const controller = new AbortController()
  const answer = ask(undefined, controller.signal)
  await settle()
  controller.abort(new MeshError('TASK_STOPPED', 'the asker cancelled'))
  await settle()
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  expect(server.load('router').running).toBe(1)
  executor.running[0]?.end({ error: new MeshError('TASK_STOPPED', 'stopped') })
  expect(codeOf(await answer)).toBe('TASK_STOPPED')
  expect(server.load('router').running).toBe(0)
})

test('a cancel before, while waiting, or as the slot comes runs nothing', async () => {
  const { ask, executor, server } = await buildTaskServer({ slots: 1, queueSlots: 2 })
  const gone = new MeshError('SESSION_CLOSED', 'the asker is gone')
  expect(codeOf(await ask(undefined, AbortSignal.abort(gone)))).toBe('SESSION_CLOSED')
  const first = ask()
  const [waiting, arriving] = [new AbortController(), new AbortController()]
  const second = ask(undefined, waiting.signal)
  const third = ask(undefined, arriving.signal)
  await settle()
  waiting.abort(gone)
  expect(codeOf(await second)).toBe('SESSION_CLOSED')
  expect(server.load('router').queued).toBe(1)
  executor.running[0]?.end()
  // In the very moment in which the slot is handed over.
  await Promise.resolve()
  arriving.abort(gone)
  await settle()
  executor.running[0]?.end({ error: gone })
  expect(codeOf(await third)).toBe('SESSION_CLOSED')
  expect((await first).bulk).toBe('null')
  expect(server.load('router')).toMatchObject({ running: 0, queued: 0 })
})

test('a stopping worker refuses, lets what runs finish, and gives back what waits', async () => {
  const { ask, clock, executor, server } = await buildTaskServer({ slots: 1 })
  const running = ask()
  const waiting = ask()
  await settle()
  let isStopped = false
  const stopped = server.stop().then(() => (isStopped = true))
  expect(codeOf(await waiting)).toBe('WORKER_STOPPING')
  expect(await ask()).toMatchObject({
    error: { code: 'WORKER_STOPPING' },
    result: { load: { stopping: true } }
  })
  await settle()
  expect(isStopped).toBe(false)
  executor.running[0]?.end({ output: '1' })
  expect((await running).bulk).toBe('1')
  await stopped
  await server.stop()
  expect(clock.timerCount).toBe(0)
})

test('what still runs after the grace is cut off, by the worker’s own fault', async () => {
  const { ask, clock, executor, server } = await buildTaskServer({ stopGraceMs: 5_000 })
  const running = ask()
  await settle()
  const stopped = server.stop()
  clock.advance(4_999)
  expect(executor.running[0]?.run.signal.aborted).toBe(false)
  clock.advance(1)
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  executor.running[0]?.end({ error: new MeshError('TASK_STOPPED', 'stopped') })
  expect(await running).toMatchObject({ error: { code: 'WORKER_STOPPING' }, result: { usage: {} } })
  await stopped
})

test('an engine that breaks its word is answered for, and costs no slot', async () => {
  const { ask, executor, server } = await buildTaskServer()
  executor.run = () => Promise.reject(new Error('a bug'))
  expect(await ask()).toMatchObject({
    error: { code: 'INTERNAL' },
    result: { load: { running: 0 } }
  })
  expect(server.load('router').running).toBe(0)
})

test('no slot leaks, whatever happens in whatever order', async () => {
  const happening = fc.constantFrom('ask', 'ask', 'ask', 'end', 'end', 'cancel', 'wait', 'turn')
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 60 }), fc.nat(), async (story, seed) => {
      const { ask, clock, executor, server } = await buildTaskServer({ slots: 2, queueSlots: 2 })
      const askers: AbortController[] = []
      const answers: Promise<Answer>[] = []
      for (const [turn, what] of story.entries()) {
        if (what === 'ask') {
          const controller = new AbortController()
          askers.push(controller)
          answers.push(ask(undefined, controller.signal))
        } else if (what === 'end') executor.running[(seed + turn) % 2]?.end()
        else if (what === 'cancel')
          askers[(seed + turn) % Math.max(1, askers.length)]?.abort(new Error('x'))
        else if (what === 'wait') clock.advance(4_000)
        else await Promise.resolve()
        const { queued, running } = server.load('router')
        expect(running).toBeLessThanOrEqual(2)
        expect(queued).toBeLessThanOrEqual(2)
        expect(executor.running.length).toBeLessThanOrEqual(running)
      }
      for (let round = 0; round < 6; round += 1) {
        await settle()
        while (executor.running.length > 0) executor.running[0]?.end()
      }
      await Promise.all(answers)
      expect(server.load('router')).toMatchObject({ running: 0, queued: 0 })
      expect(clock.timerCount).toBe(0)
      await server.stop()
    }),
    { numRuns: 150 }
  )
})

test('a task that asks for the network does not begin where its engine is kept from it', async () => {
  const { executor, lease } = await buildTaskServer()
  expect((await lease(1, { network: true })).error).toMatchObject({
    code: 'OWNER_REFUSED',
    path: 'network.mode',
    message: 'this worker keeps engine builtin from the network'
  })
  executor.allowsNetwork = true
  void lease(2, { network: true })
  await settle()
  expect(executor.running.map(({ run }) => run.network)).toEqual([true])
})

test('what an engine says that it will not have does not begin, and its journal knows nothing of it', async () => {
  const { executor, lease } = await buildTaskServer()
  executor.refusal = new MeshError('OWNER_REFUSED', 'not this program')
  const { error, result } = await lease(1)
  expect(error).toMatchObject({ code: 'OWNER_REFUSED', blame: 'owner' })
  expect(result).not.toHaveProperty('usage')
  expect(executor.startedCount).toBe(0)
  executor.refusal = undefined
  void lease(2)
  await settle()
  expect(executor.startedCount).toBe(1)
})

test('a GPU is one task’s alone: its load says so, and who finds too few waits for them', async () => {
  const { capabilities, executor, lease, server } = await buildTaskServer({
    slots: 3,
    queueSlots: 3
  })
  Object.assign(capabilities, { gpu_count: 2 })
  const first = lease(1, { gpu_count: 1 })
  await settle()
  expect(executor.running[0]?.run.gpus).toEqual([0])
  expect(server.load('router').gpus_taken).toBe(1)
  const second = lease(2, { gpu_count: 2 })
  // It keeps nobody from a slot who needs no GPU.
  const third = lease(3)
  await settle()
  expect(server.load('router')).toMatchObject({ running: 2, queued: 1, gpus_taken: 1 })
  executor.running[0]?.end()
  await first
  await settle()
  expect(executor.running.map(({ run }) => run.gpus)).toEqual([[], [0, 1]])
  while (executor.running.length > 0) executor.running[0]?.end()
  // By the time of its answer they are free again.
  expect((await second).result?.load).not.toHaveProperty('gpus_taken')
  await third
  expect((await lease(4, { gpu_count: 3 })).error).toMatchObject({
    code: 'WORKER_BUSY',
    path: 'resources.gpu'
  })
})
