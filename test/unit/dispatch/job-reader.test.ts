/** What is answered about jobs, from the store and from what runs now. */
import { beforeEach, describe, expect, it } from 'vitest'
import { JobReader } from '../../../src/dispatch/views/job-reader.ts'
import { JobWatchers } from '../../../src/dispatch/views/job-watchers.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { settle } from '../../support/settle.ts'
import {
  attemptChange,
  buildAttempt,
  buildJob,
  CREATED_AT_MS,
  itemChange,
  jobChange,
  logChange
} from '../../conformance/job-store-records.ts'
import type { AttemptRecord, JobRecord, Transition } from '../../../src/jobs/records.ts'
import type { JobReaderComponents } from '../../../src/dispatch/views/job-reader.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'

const checkJob = validatorFor<JobView>('api/job')

let store: MemoryJobStore
let watchers: JobWatchers
let clock: FakeClock
let reader: JobReader
/** What the dispatcher has in hand. */
let active: JobRecord | undefined
let live: AttemptRecord | undefined

beforeEach(() => {
  store = new MemoryJobStore()
  watchers = new JobWatchers()
  clock = new FakeClock()
  active = undefined
  live = undefined
  const dispatcher = {
    job: (id: string) => (active?.id === id ? { shownRecord: active, openCount: 1 } : undefined),
    liveAttempts: (_: string, index: number) => (live?.itemIndex === index ? [live] : []),
    outlook: () => ({ summarise: () => 'nobody has room' })
  } as unknown as JobReaderComponents['dispatcher']
  reader = new JobReader({ store, watchers, clock, dispatcher })
})

const step = (state: Transition['state'], afterMs: number): Transition => ({
  state,
  atMs: CREATED_AT_MS + afterMs,
  by: 'router',
  reason: 'RUNNING'
})

describe('a job', () => {
  it('without `each` comes with result, worker and the log of its last attempt', async () => {
    await store.apply([
      jobChange('j-1', { state: 'completed', attemptCount: 2, labels: { team: 'a' } }),
      itemChange('j-1', 0, { state: 'completed', attemptCount: 2, workerId: 'w' }),
      { kind: 'output', jobId: 'j-1', itemIndex: 0, output: '{"n":7}' },
      logChange('j-1', [0, 1, 0], ['of the first\n']),
      logChange('j-1', [0, 2, 0], ['a', 'b\n']),
      logChange('j-1', [0, 2, 2], ['c\n'])
    ])
    const view = checkJob(await reader.describe('j-1'))
    expect(view).toMatchObject({
      state: 'completed',
      result: { n: 7 },
      worker: 'w',
      logs: 'ab\nc\n',
      share: 'http',
      submitter: 'http',
      key: null,
      parent: null,
      needs: [],
      due_at_ms: null,
      on_hold: false,
      waiting_for: null
    })
    expect(view).not.toHaveProperty('progress')
  })

  it('that runs comes with what its task last said of itself', async () => {
    live = buildAttempt('j-1', 0, 1, { state: 'running', progress: { ratio: 0.5, text: 'half' } })
    await store.apply([
      jobChange('j-1', { state: 'running' }),
      itemChange('j-1', 0, { state: 'running', attemptCount: 1 })
    ])
    expect(checkJob(await reader.describe('j-1')).progress).toEqual({ ratio: 0.5, text: 'half' })
    expect(await reader.items('j-1', { limit: 9 })).toMatchObject([{ progress: { ratio: 0.5 } }])
  })

  it.each<[string, Partial<JobRecord>, string | null]>([
    ['waits for room', {}, 'nobody has room'],
    [
      'is held back',
      { isOnHold: true },
      'its owner holds it back; nothing of it begins until it is released'
    ],
    ['needs another', { state: 'pending', needs: ['j-2'] }, 'it begins once j-2 is completed'],
    [
      'needs others',
      { state: 'pending', needs: ['j-2', 'j-3'] },
      'it begins once the 2 jobs it needs are completed'
    ],
    ['has a time', { state: 'pending', dueAtMs: 0 }, 'its time comes at 1970-01-01T00:00:00.000Z'],
    ['has ended', { state: 'stopped', isOnHold: true }, 'nobody has room']
  ])('that %s says so', async (_, more, waitingFor) => {
    active = buildJob('j-1', more)
    const view = checkJob(await reader.describe('j-1'))
    expect(view.waiting_for).toBe(waitingFor)
  })

  it('whose only task waits for its inputs says so, and no more once it runs', async () => {
    const counts = { ...buildJob('j-1').counts, queued: 0, running: 1 }
    active = buildJob('j-1', { state: 'running', counts })
    live = buildAttempt('j-1', 0, 1, { state: 'fetching' })
    const waitingFor = 'its inputs, which its worker fetches from the mesh'
    expect((await reader.describe('j-1')).waiting_for).toBe(waitingFor)
    live = buildAttempt('j-1', 0, 1, { state: 'running' })
    expect((await reader.describe('j-1')).waiting_for).toBe(null)
  })

  it('gives its document back as it was', async () => {
    await store.apply([
      jobChange('j-1'),
      { kind: 'document', jobId: 'j-1', document: '{"task":{"engine":"builtin"}}' },
      jobChange('j-2')
    ])
    expect(await reader.document('j-1')).toEqual({ task: { engine: 'builtin' } })
    await expect(reader.document('j-2')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(reader.jobId('j-3')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
    expect(await reader.jobId('j-1')).toBe('j-1')
  })
})

const ids = async (filter: object): Promise<string[]> =>
  (await reader.list({ limit: 9, ...filter })).rows.map(({ id }) => id)

it('lists can be asked for by submitter, parent and time', async () => {
  await store.apply([
    jobChange('j-1', { submitter: 'p' }),
    jobChange('j-2', { parentId: 'j-1', createdAtMs: CREATED_AT_MS + 1 }),
    jobChange('j-3', { createdAtMs: CREATED_AT_MS + 2 })
  ])
  expect(await ids({})).toEqual(['j-3', 'j-2', 'j-1'])
  expect(await ids({ submitter: 'p' })).toEqual(['j-1'])
  expect(await ids({ parent: 'j-1' })).toEqual(['j-2'])
  expect(await ids({ sinceMs: CREATED_AT_MS + 1 })).toEqual(['j-3', 'j-2'])
})

const page = async (filter: object): Promise<[ids: string, next: string | undefined]> => {
  const { next, rows } = await reader.list({ limit: 2, ...filter })
  return [rows.map(({ id }) => id).join(' '), next]
}

it('a list goes on page by page, also when the job that it stopped at is forgotten', async () => {
  const ages = [1, 2, 3, 4, 5]
  await store.apply(
    ages.map((age) =>
      jobChange(`j-${age}`, {
        createdAtMs: CREATED_AT_MS + age,
        endedAtMs: age === 5 ? null : CREATED_AT_MS + 10 - age
      })
    )
  )
  const [first, next] = await page({})
  expect([first, next]).toEqual(['j-5 j-4', `${CREATED_AT_MS + 4}/j-4`])
  await store.apply([{ kind: 'forget', jobId: 'j-4' }])
  expect(await page({ after: next })).toEqual(['j-3 j-2', `${CREATED_AT_MS + 2}/j-2`])
  expect(await page({ after: 'j-2' })).toEqual(['j-1', undefined])
  const ends = { sort: 'ended' as const }
  expect(await page(ends)).toEqual(['j-3 j-2', `${CREATED_AT_MS + 8}/j-2`])
  expect(await page({ ...ends, after: 'j-2' })).toEqual(['j-1', undefined])
  for (const [after, sort] of [
    ['j-4', 'created'],
    ['j-5', 'ended'],
    ['1/', 'created']
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(reader.list({ limit: 2, after, sort } as never)).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      path: 'after'
    })
  }
})

it('attempts are shown as they are now, not as they were stored', async () => {
  live = buildAttempt('j-1', 0, 2, { state: 'running', history: [step('running', 3)] })
  await store.apply([
    jobChange('j-1'),
    itemChange('j-1', 0, { id: 'a', attemptCount: 2 }),
    attemptChange('j-1', 0, 1, { state: 'refused' }),
    attemptChange('j-1', 0, 2, { state: 'offered' })
  ])
  const attempts = await reader.attempts('j-1', { limit: 9 })
  expect(attempts.map(({ attempt, item, state }) => [item, attempt, state])).toEqual([
    ['a', 1, 'refused'],
    ['a', 2, 'running']
  ])
  expect(attempts[1]?.history).toEqual([
    { state: 'running', at_ms: CREATED_AT_MS + 3, by: 'router', reason: 'RUNNING' }
  ])
})

const rowsOf = async (item?: string): Promise<string[]> =>
  (await reader.history('j-1', item === undefined ? {} : { item })).map(
    ({ at_ms: atMs, attempt = '', of, state }) => `${atMs - CREATED_AT_MS} ${of}${attempt} ${state}`
  )

describe('a history', () => {
  it('is that of the job and of its attempts, by time; of one moment, the job begins and ends it', async () => {
    live = buildAttempt('j-1', 0, 2, {
      history: [step('offered', 5), step('running', 5), step('completed', 9)]
    })
    await store.apply([
      jobChange('j-1', {
        history: [step('queued', 0), step('running', 5), step('completed', 9)]
      }),
      itemChange('j-1', 0, { attemptCount: 2 }),
      attemptChange('j-1', 0, 1, { history: [step('offered', 1), step('refused', 2)] }),
      attemptChange('j-1', 0, 2)
    ])
    expect(await rowsOf()).toEqual([
      '0 job queued',
      '1 attempt1 offered',
      '2 attempt1 refused',
      '5 job running',
      '5 attempt2 offered',
      '5 attempt2 running',
      '9 attempt2 completed',
      '9 job completed'
    ])
  })

  it('of an array is that of the job alone until an item is named', async () => {
    await store.apply([
      jobChange('j-1', { itemCount: 2, history: [step('queued', 0)] }),
      itemChange('j-1', 0),
      itemChange('j-1', 1, { id: 'b', attemptCount: 1 }),
      attemptChange('j-1', 1, 1, { history: [step('offered', 1)] })
    ])
    expect(await rowsOf()).toEqual(['0 job queued'])
    expect(await rowsOf('b')).toEqual(['0 job queued', '1 attempt1 offered'])
    await expect(rowsOf('c')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'item' })
  })
})

describe('who waits', () => {
  it.each(['completed', 'failed', 'stopped', 'held'] as const)(
    'goes on when the job is %s, and leaves nothing behind',
    async (state) => {
      active = buildJob('j-1', { state: 'running' })
      const waiting = reader.wait('j-1', { timeoutMs: 1_000 })
      await settle()
      active = buildJob('j-1', { state })
      watchers.tell({ job: active, finished: undefined })
      expect((await waiting).state).toBe(state)
      expect((await reader.wait('j-1', { timeoutMs: 1_000 })).state).toBe(state)
      expect(clock.timerCount).toBe(0)
    }
  )

  it('goes on when its time is up', async () => {
    active = buildJob('j-1', { state: 'running' })
    const waiting = reader.wait('j-1', { timeoutMs: 1_000 })
    await settle()
    clock.advance(1_000)
    expect((await waiting).state).toBe('running')
  })
})
