/** What people do to jobs: stop, hold, release, run again; and what is forgotten once it has been kept long enough. */
import { describe, expect, test } from 'vitest'
import { NOOP, settle, startIntake } from '../../support/build-intake.ts'
import { buildCandidate } from '../../support/build-candidate.ts'
import type { Intake } from '../../support/build-intake.ts'

const DAY_MS = 86_400_000
const JS = { engine: 'javascript', source: 'x' } as const

async function documentOf({ store }: Intake, id: string): Promise<unknown> {
  return JSON.parse((await store.document(id)) ?? 'null')
}

describe('stop, hold, release', () => {
  test('a stop says who asked and why, and waits until the tasks are gone', async () => {
    const router = await startIntake()
    const id = await router.submit()
    const view = await router.control.stop(id.slice(0, 6), { reason: 'enough' }, 'peer')
    expect(view).toMatchObject({ state: 'stopped', error: { message: 'enough' } })
    expect((await router.record(id)).history.at(-1)).toMatchObject({
      by: 'peer',
      reason: 'STOP_REQUESTED',
      text: 'enough'
    })
    expect(router.clock.timerCount).toBe(1)
  })

  test('a stop that takes too long is answered with the job still ending', async () => {
    const router = await startIntake()
    const id = await router.submit()
    const gate = Promise.withResolvers<void>()
    router.dispatcher.stopping = gate.promise
    let state = ''
    const stopped = router.control
      .stop(id, { reason: 'enough' }, 'me')
      .then((view) => (state = view.state))
    await settle()
    await router.advance(14_999)
    expect(state).toBe('')
    await router.advance(1)
    await stopped
    expect(state).toBe('queued')
    gate.resolve()
    await settle()
    expect((await router.record(id)).state).toBe('stopped')
  })

  test('a held job is told from one that is not', async () => {
    const router = await startIntake()
    const id = await router.submit()
    await expect(router.control.release(id, 'me')).rejects.toMatchObject({ code: 'JOB_NOT_HELD' })
    expect(await router.control.hold(id, 'look first', 'me')).toMatchObject({ on_hold: true })
    expect(await router.control.hold(id, 'twice', 'me')).toMatchObject({ on_hold: true })
    expect(await router.control.release(id, 'me')).toMatchObject({ on_hold: false })
    const { history } = await router.record(id)
    expect(history.map(({ reason }) => reason)).toEqual(['SUBMITTED', 'HELD_BY_USER', 'RELEASED'])
  })

  test('a pending job that is not held cannot be released', async () => {
    const router = await startIntake()
    const id = await router.submit({ schedule: { at: '2030-01-01T00:00:00Z' } })
    await expect(router.control.release(id, 'me')).rejects.toMatchObject({ code: 'JOB_NOT_HELD' })
  })

  test('an ended or unknown job is refused', async () => {
    const router = await startIntake()
    const id = await router.submit()
    await router.dispatcher.complete(id)
    const { control } = router
    for (const asked of [
      control.stop(id, { reason: '' }, 'me'),
      control.hold(id, '', 'me'),
      control.release(id, 'me')
    ]) {
      await expect(asked).rejects.toMatchObject({ code: 'JOB_ENDED' })
    }
    await expect(control.stop('j-none', { reason: '' }, 'me')).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND'
    })
  })
})

describe('rerun', () => {
  test('is a new job of the same document, without its key', async () => {
    const router = await startIntake()
    const id = await router.submit({ key: 'k', name: 'a', task: { ...JS, input: 1 } })
    await expect(router.intake.rerun(id, {}, 'me')).rejects.toMatchObject({ code: 'JOB_NOT_ENDED' })
    await router.dispatcher.complete(id)
    const view = await router.intake.rerun(id, {}, 'me')
    expect(view).toMatchObject({ state: 'queued', parent: id, key: null, submitter: 'me' })
    expect(await documentOf(router, view.id)).toEqual({ name: 'a', task: { ...JS, input: 1 } })
    expect(router.dispatcher.added).toEqual([id, view.id])
  })

  test('runs only what did not complete, under the same ids; all when asked, or when all did', async () => {
    const router = await startIntake()
    const id = await router.submit({
      task: JS,
      each: [{ input: 0 }, { id: 'b', input: 1 }, { input: 2 }]
    })
    await router.dispatcher.fail(id, 'no', [1, 2])
    const some = await router.intake.rerun(id, { set: { 'each[2].input': 'new' } }, 'me')
    expect(await documentOf(router, some.id)).toMatchObject({
      each: [
        { id: 'b', input: 1 },
        { id: '2', input: 'new' }
      ]
    })
    const all = await router.intake.rerun(id, { items: 'all' }, 'me')
    expect(all.item_count).toBe(3)
    await router.dispatcher.complete(some.id)
    expect((await router.intake.rerun(some.id, {}, 'me')).item_count).toBe(2)
  })

  test('may change fields, which are checked again', async () => {
    const router = await startIntake()
    const id = await router.submit({ timeouts: { run: '1m' } })
    await router.dispatcher.fail(id, 'too slow')
    const set = { 'timeouts.run': '1h', 'resources.memory': '1GiB' }
    const view = await router.intake.rerun(id, { set }, 'me')
    expect(router.dispatcher.job(view.id)?.plan).toMatchObject({
      timeouts: { runMs: 3_600_000 },
      resources: { memoryBytes: 2 ** 30 }
    })
    await expect(
      router.intake.rerun(id, { set: { 'timeouts.runn': '1h' } }, 'me')
    ).rejects.toMatchObject({ code: 'FIELD_UNKNOWN', path: 'timeouts.runn' })
    await expect(
      router.intake.rerun(id, { set: { each: [{ id: 'x' }, { id: 'x' }] } }, 'me')
    ).rejects.toMatchObject({ path: 'each[1].id' })
  })

  test('ops: every runs again on the workers on which it failed', async () => {
    const workers = ['w1', 'w2', 'w3'].map((peerId) => buildCandidate({ peerId }))
    const router = await startIntake({ workers })
    const id = await router.submit({ ops: 'every' })
    await router.dispatcher.fail(id, 'no', [1])
    const view = await router.intake.rerun(id, {}, 'me')
    expect(await router.store.items(view.id, { limit: 9 })).toMatchObject([{ pinnedTo: 'w2' }])
    expect((await router.intake.rerun(id, { items: 'all' }, 'me')).item_count).toBe(3)
  })

  test('what its needs returned stays in it; one that never began needs them again', async () => {
    const router = await startIntake()
    const need = await router.submit()
    const [ran, never] = [
      await router.submit({ needs: [need], task: { ...JS, input: { $job: need } } }),
      await router.submit({ needs: [need], schedule: { at: '2030-01-01T00:00:00Z' } })
    ]
    await router.dispatcher.complete(need, 'words')
    await settle()
    await router.dispatcher.fail(ran, 'no')
    const again = await router.intake.rerun(ran, {}, 'me')
    expect(again).toMatchObject({ state: 'queued', needs: [] })
    expect(await documentOf(router, again.id)).toEqual({ task: { ...JS, input: 'words' } })
    await router.control.stop(never, { reason: '' }, 'me')
    const view = await router.intake.rerun(never, {}, 'me')
    expect(view).toMatchObject({ state: 'pending', needs: [need] })
  })
})

describe('retention', () => {
  test('forgets a job when it has been kept as long as it asked, and frees its key', async () => {
    const router = await startIntake()
    const id = await router.submit({ key: 'k', keep: { result: '2d', logs: '1d' } })
    await router.dispatcher.complete(id)
    const entries = [{ at_ms: 1, stream: 'stdout' as const, text: 'hello' }]
    await router.store.apply([
      { kind: 'log', jobId: id, itemIndex: 0, attempt: 1, from: 0, entries: entries as never }
    ])
    await router.advance(DAY_MS - 60_000)
    expect(await router.store.log(id, 0, 1)).toHaveLength(1)
    await router.advance(120_000)
    expect(await router.store.log(id, 0, 1)).toEqual([])
    expect(await router.store.job(id)).toBeDefined()
    await router.advance(DAY_MS)
    expect(await router.store.job(id)).toBeUndefined()
    expect((await router.intake.submit({ key: 'k', task: NOOP }, 'test')).isNew).toBe(true)
  })

  test('forgets thousands in one sweep, batch by batch', async () => {
    const router = await startIntake()
    for (let count = 0; count < 250; count += 1) {
      const { job } = await router.intake.submit({ task: NOOP, keep: { result: '1h' } }, 'me')
      await router.dispatcher.complete(job.id)
    }
    await router.advance(3_600_000)
    for (let round = 0; round < 10; round += 1) await settle()
    expect(await router.store.jobs({ limit: 999 })).toEqual([])
  })

  test('keeps what a pending job still has to read, until it has', async () => {
    const router = await startIntake()
    const need = await router.submit({ keep: { result: '1h' } })
    const at = new Date(router.clock.wallMs() + DAY_MS).toISOString()
    const id = await router.submit({
      needs: [need],
      schedule: { at },
      task: { ...JS, input: { $job: need } }
    })
    await router.dispatcher.complete(need, 'kept')
    await router.advance(DAY_MS - 1_000)
    await router.advance(1_000)
    expect(JSON.parse(await router.documents.taskText(id, 0))).toMatchObject({ input: 'kept' })
    await router.advance(7_200_000)
    expect(await router.store.job(need)).toBeUndefined()
  })
})
