/** Jobs that wait: for other jobs and what they return, for a moment, for somebody to release them. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { NOOP, settle, startIntake } from '../../support/build-intake.ts'
import { buildCandidate } from '../../support/build-candidate.ts'
import { FailingStore } from '../../support/failing-store.ts'
import type { Intake } from '../../support/build-intake.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const JS = { engine: 'javascript', source: 'x' } as const
const HOUR_MS = 3_600_000

async function taskOf({ documents }: Intake, id: string, index = 0): Promise<unknown> {
  return JSON.parse(await documents.taskText(id, index))
}

/** The same store and time, as a router finds them that starts again. */
async function restart(router: Intake): Promise<Intake> {
  await router.stop()
  return await startIntake({ clock: router.clock, store: router.store, seed: 2 })
}

test('begins when the last of its needs is completed', async () => {
  const router = await startIntake()
  const needs = [await router.submit(), await router.submit()]
  const id = await router.submit({ needs })
  expect(await router.record(id)).toMatchObject({ state: 'pending', queuedAtMs: null })
  await router.dispatcher.complete(needs[0] ?? '')
  await router.advance(HOUR_MS)
  expect(router.dispatcher.added).not.toContain(id)
  await router.dispatcher.complete(needs[1] ?? '')
  await settle()
  expect(router.dispatcher.added.at(-1)).toBe(id)
  const record = await router.record(id)
  expect(record).toMatchObject({ state: 'queued', queuedAtMs: router.clock.wallMs() })
  expect(record.history.map(({ reason }) => reason)).toEqual([
    'SUBMITTED',
    'WAITS_FOR_NEEDS',
    'NEEDS_MET'
  ])
  expect(await router.store.job(id)).toEqual(record)
})

test('needs that were completed before are met', async () => {
  const router = await startIntake()
  const need = await router.submit()
  await router.dispatcher.complete(need)
  const id = await router.submit({ needs: [need] })
  expect(router.dispatcher.added).toContain(id)
})

test.each([
  ['JOB_NOT_FOUND', async () => 'j-nowhere'],
  [
    'NEED_FAILED',
    async ({ dispatcher, submit }: Intake) => {
      const id = await submit()
      await dispatcher.fail(id, 'it threw')
      return id
    }
  ],
  ['FIELD_INVALID', async ({ submit }: Intake) => await submit({ schedule: { cron: '@daily' } })]
])('a need that can never be met is refused with %s', async (code, needOf) => {
  const router = await startIntake()
  const needs = [await needOf(router)]
  await expect(router.intake.submit({ task: NOOP, needs }, 'me')).rejects.toMatchObject({
    code,
    path: 'needs[0]'
  })
})

test('results stand for references, a list for an array job, and are on disk with the step', async () => {
  const router = await startIntake()
  const one = await router.submit()
  const list = await router.submit({ each: [{}, {}, {}] })
  const single = await router.submit({ each: [{ id: 'only' }] })
  const id = await router.submit({
    needs: [one, list, single],
    task: { ...JS, input: { one: { $job: one }, single: { $job: single } } },
    each: [{}, { input: { $job: list } }]
  })
  await router.dispatcher.complete(one, { n: 1 })
  await router.dispatcher.complete(list, 'a', null, 'c')
  await router.dispatcher.complete(single, 'x')
  await settle()
  const [first, second] = [await taskOf(router, id), await taskOf(router, id, 1)]
  expect(first).toMatchObject({ input: { one: { n: 1 }, single: ['x'] } })
  expect(second).toMatchObject({ input: ['a', null, 'c'] })
  const again = await restart(router)
  expect(again.dispatcher.added).toContain(id)
  expect(await taskOf(again, id)).toEqual(first)
})

test('in the places of a program results are text, and are checked there', async () => {
  const router = await startIntake()
  const [text, value] = [await router.submit(), await router.submit()]
  const task = {
    engine: 'process',
    argv: ['grep', { $job: text }],
    env: { LIMITS: { $job: value } },
    stdin: { $job: text },
    files: [{ path: 'in.json', text: { $job: value } }]
  }
  const id = await router.submit({ needs: [text, value], task } as object)
  const long = await router.submit({
    needs: [text],
    task: { engine: 'process', argv: [{ $job: text }] }
  } as object)
  await router.dispatcher.complete(text, 'x'.repeat(131_072))
  await router.dispatcher.complete(value, { max: 1 })
  await settle()
  expect((await router.record(long)).error).toMatchObject({
    code: 'FIELD_INVALID',
    path: 'task.argv[0]',
    message: 'task.argv[0] has 131072 characters; at most 131071 are taken'
  })
  expect((await router.record(id)).error).toMatchObject({ path: 'task.argv[1]' })
  const short = await router.submit()
  const again = await router.submit({
    needs: [short, value],
    task: { ...task, argv: ['grep', { $job: short }], stdin: { $job: short } }
  } as object)
  await router.dispatcher.complete(short, 'words')
  await settle()
  expect(await taskOf(router, again)).toEqual({
    engine: 'process',
    argv: ['grep', 'words'],
    env: { LIMITS: '{"max":1}' },
    stdin: 'words',
    files: [{ path: 'in.json', text: '{"max":1}' }]
  })
})

test('a part of a result stands for a reference that names it', async () => {
  const router = await startIntake()
  const [program, list] = [await router.submit(), await router.submit({ each: [{}, {}] })]
  const task = {
    engine: 'process',
    argv: ['grep', { $job: list, at: '[1].word' }],
    stdin: { $job: program, at: 'stdout' },
    files: [{ path: 'in', text: { $job: program, at: 'files[0]' } }]
  }
  const id = await router.submit({ needs: [program, list], task } as object)
  const wrong = await router.submit({
    needs: [program],
    task: { ...JS, input: [{ $job: program, at: 'stdot' }] }
  })
  await router.dispatcher.complete(program, { exit_code: 0, stdout: 'base64:no', files: ['x'] })
  await router.dispatcher.complete(list, {}, { word: 'deep' })
  await settle()
  expect(await taskOf(router, id)).toEqual({
    engine: 'process',
    argv: ['grep', 'deep'],
    stdin: `base64:${Buffer.from('base64:no').toString('base64')}`,
    files: [{ path: 'in', text: 'x' }]
  })
  expect((await router.record(wrong)).error).toMatchObject({
    code: 'FIELD_INVALID',
    path: 'task.input[0]',
    message: expect.stringContaining('"stdot": it has exit_code, stdout, files') as string
  })
})

test('a small part of a large result counts only as what it is', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const each = Array.from({ length: 99 }, () => ({ input: { $job: need, at: 'n' } }))
  const id = await router.submit({ needs: [need], task: JS, each })
  await router.dispatcher.complete(need, { n: 1, rest: 'x'.repeat(LIMITS.taskBytesMax) })
  await settle()
  expect(await taskOf(router, id, 98)).toMatchObject({ input: 1 })
})

test('a result that looks like a reference is only a result', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const id = await router.submit({ needs: [need], task: { ...JS, input: { $job: need } } })
  await router.dispatcher.complete(need, { $job: 'j-elsewhere' })
  await settle()
  expect(await taskOf(router, id)).toMatchObject({ input: { $job: 'j-elsewhere' } })
})

test.each([
  ['one task too large', (need: string) => ({ task: { ...JS, input: { $job: need } } })],
  [
    'all together too large',
    (need: string) => ({
      task: JS,
      each: Array.from({ length: 99 }, () => ({ input: { $job: need } }))
    })
  ]
])('results that make %s fail the job, which never begins', async (_what, documentOf) => {
  const router = await startIntake()
  const need = await router.submit()
  const document = documentOf(need) as Partial<JobDocument>
  const id = await router.submit({ needs: [need], ...document })
  await router.dispatcher.complete(need, 'x'.repeat(LIMITS.taskBytesMax))
  await settle()
  const record = await router.record(id)
  expect(record).toMatchObject({ state: 'failed', error: { code: 'REQUEST_TOO_LARGE' } })
  expect(record.counts).toMatchObject({ queued: 0, failed: record.itemCount })
  expect(record.forgetAtMs).toBeGreaterThan(router.clock.wallMs())
  expect(await router.store.items(id, { state: 'queued', limit: 1 })).toEqual([])
})

test('a result of the wrong kind for its place fails the job with its path', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const task = { engine: 'builtin', name: 'echo', args: { $job: need } } as const
  const id = await router.submit({ needs: [need], task })
  await router.dispatcher.complete(need, 'no object')
  await settle()
  expect((await router.record(id)).error).toMatchObject({
    code: 'FIELD_INVALID',
    path: 'task.args'
  })
})

test('when a need fails, all below it fail without an attempt, each naming what it needed', async () => {
  const router = await startIntake()
  const top = await router.submit({ name: 'top' })
  const middle = await router.submit({ name: 'middle', needs: [top] })
  const bottom = await router.submit({ needs: [middle] })
  await router.dispatcher.fail(top, 'no such file')
  await settle()
  const [second, third] = [await router.record(middle), await router.record(bottom)]
  expect(second).toMatchObject({ state: 'failed', attemptCount: 0, startedAtMs: null })
  expect(second.error?.message).toBe(`it needs ${top} (top), which failed: no such file`)
  expect(third.error?.code).toBe('NEED_FAILED')
  expect(third.error?.message).toContain(`${middle} (middle), which failed: it needs ${top}`)
  expect(router.dispatcher.added).toEqual([top])
})

test('a need that is stopped fails what needs it, one that is held does not', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const id = await router.submit({ needs: [need] })
  await router.control.hold(need, undefined, 'me')
  await settle()
  expect((await router.record(id)).state).toBe('pending')
  await router.control.stop(need, { reason: 'enough' }, 'me')
  await settle()
  expect((await router.record(id)).error?.message).toContain('was stopped: enough')
})

test('begins at its moment, and at once when that has passed', async () => {
  const router = await startIntake()
  const at = new Date(router.clock.wallMs() + HOUR_MS).toISOString()
  const id = await router.submit({ schedule: { at } })
  expect(await router.record(id)).toMatchObject({ state: 'pending', dueAtMs: Date.parse(at) })
  await router.advance(HOUR_MS - 1)
  expect(router.dispatcher.added).toEqual([])
  await router.advance(1)
  expect(router.dispatcher.added).toEqual([id])
  const record = await router.record(id)
  expect([record.history.at(-1)?.reason, record.dueAtMs]).toEqual(['TIME_CAME', null])
  const late = await router.submit({ schedule: { at } })
  expect(router.dispatcher.added).toEqual([id, late])
})

test('a job with needs and a moment waits for both', async () => {
  const router = await startIntake()
  const at = new Date(router.clock.wallMs() + HOUR_MS).toISOString()
  const need = await router.submit()
  const id = await router.submit({ needs: [need], schedule: { at } })
  await router.dispatcher.complete(need)
  await settle()
  expect((await router.record(id)).state).toBe('pending')
  await router.advance(HOUR_MS)
  expect((await router.record(id)).state).toBe('queued')
})

test('waits on after a restart, whatever has happened meanwhile', async () => {
  const router = await startIntake()
  const at = new Date(router.clock.wallMs() + HOUR_MS).toISOString()
  const [done, open] = [await router.submit(), await router.submit()]
  const waits = await router.submit({ needs: [done, open] })
  const timed = await router.submit({ schedule: { at } })
  await router.stop()
  await router.dispatcher.complete(done)
  router.clock.advance(2 * HOUR_MS)
  const again = await startIntake({ clock: router.clock, store: router.store, seed: 2 })
  expect(again.dispatcher.added).toEqual([open, timed])
  await again.dispatcher.complete(open)
  await settle()
  expect(again.dispatcher.added).toEqual([open, timed, waits])
})

test('a held job begins only once it is released', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const id = await router.submit({ needs: [need] })
  const held = await router.control.hold(id, 'not yet', 'me')
  expect(held).toMatchObject({ state: 'held', on_hold: true })
  await router.dispatcher.complete(need)
  await settle()
  const again = await restart(router)
  expect(await again.record(id)).toMatchObject({ state: 'held', isOnHold: true })
  await again.control.release(id, 'me')
  await settle()
  const { history, isOnHold, state } = await again.record(id)
  expect([state, isOnHold]).toEqual(['queued', false])
  expect(history.map(({ reason }) => reason)).toEqual([
    'SUBMITTED',
    'WAITS_FOR_NEEDS',
    'HELD_BY_USER',
    'RELEASED',
    'NEEDS_MET'
  ])
})

test('a stopped job never begins', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const id = await router.submit({ needs: [need], each: [{}, {}] })
  expect(await router.control.stop(id, { reason: 'not wanted' }, 'me')).toMatchObject({
    state: 'stopped',
    counts: { stopped: 2, queued: 0 },
    error: { code: 'TASK_STOPPED', message: 'not wanted' }
  })
  await router.dispatcher.complete(need)
  await settle()
  expect(router.dispatcher.added).toEqual([need])
  await expect(router.control.stop(id, { reason: 'again' }, 'me')).rejects.toMatchObject({
    code: 'JOB_ENDED'
  })
})

test('ops: every looks for its workers when its needs are met', async () => {
  const router = await startIntake()
  const need = await router.submit()
  const [fits, fails] = [
    await router.submit({ needs: [need], ops: 'every' }),
    await router.submit({ needs: [need], ops: 'every', where: { require: ['zone = home'] } })
  ]
  router.workers.push(buildCandidate({ peerId: 'w1' }), buildCandidate({ peerId: 'w2' }))
  await router.dispatcher.complete(need)
  await settle()
  expect(await router.record(fits)).toMatchObject({ itemCount: 2, counts: { queued: 2 } })
  expect(await router.store.itemIndex(fits, 'w2')).toBe(1)
  expect((await router.record(fails)).error).toMatchObject({ code: 'NO_SUITABLE_WORKER' })
})

test('what could not be stored is tried again', async () => {
  const store = new FailingStore()
  const router = await startIntake({ store })
  const need = await router.submit()
  const id = await router.submit({ needs: [need] })
  store.fails = (changes) => changes.some((one) => one.kind === 'job' && one.job.id === id)
  await router.dispatcher.complete(need)
  await settle()
  expect(router.dispatcher.added).not.toContain(id)
  store.fails = () => false
  await router.advance(5_000)
  expect(router.dispatcher.added).toContain(id)
})

test('no timer outlives the stop', async () => {
  const router = await startIntake()
  await router.submit({ schedule: { cron: '* * * * * *' } })
  await router.submit({ schedule: { at: '2030-01-01T00:00:00Z' } })
  router.clock.advance(1_000)
  await router.stop()
  await settle()
  expect(router.clock.timerCount).toBe(0)
})
