/** What every job store must do. Each case gets an empty store of its own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeDecisions } from './job-store-decisions-suite.ts'
import { describeForgetting } from './job-store-forget-suite.ts'
import { describeJobLists, jobIds } from './job-store-list-suite.ts'
import { describeResults } from './job-store-results-suite.ts'
import {
  CREATED_AT_MS,
  attemptChange,
  badCall,
  buildAttempt,
  buildItem,
  buildJob,
  itemChange,
  jobChange,
  logChange,
  submission
} from './job-store-records.ts'
import type { JobRecord } from '../../src/jobs/records.ts'
import type { JobFilter, JobStore, StoreChange } from '../../src/jobs/store.ts'

export function runJobStoreSuite(name: string, create: () => JobStore): void {
  describe.each([name])('%s', () => {
    let store: JobStore

    beforeEach(async () => {
      store = create()
      await store.start()
    })

    afterEach(() => store.stop())

    const ids = (filter: Partial<Omit<JobFilter, 'after'>> = {}): Promise<string[]> =>
      jobIds(store, filter)

    describe('records', () => {
      test('gives back a job with all that it holds', async () => {
        const job = buildJob('j-1', {
          name: 'nächtlich 🌙',
          state: 'failed',
          labels: { team: 'a"b', 'weird key %_': '' },
          key: 'nightly-1',
          parentId: 'j-0',
          needs: ['j-7'],
          startedAtMs: CREATED_AT_MS + 1,
          endedAtMs: CREATED_AT_MS + 2.5,
          error: { code: 'TASK_FAILED', message: "it's \\ broken", blame: 'job', retryable: false }
        })
        await store.apply([{ kind: 'job', job }])
        expect(await store.job('j-1')).toEqual(job)
      })

      test('gives back items with the files that they left, and attempts with their logs', async () => {
        const file = {
          name: 'ä 🌙',
          file: `sha256:${'a'.repeat(64)}`,
          size: 7,
          kind: 'file'
        } as const
        const item = buildItem('j-1', 0, {
          state: 'completed',
          outputs: [file, { ...file, kind: 'folder' }],
          outputFile: file,
          reusedFrom: { jobId: 'j-0', itemId: 'a', attempt: 2, workerId: null, endedAtMs: 1.5 }
        })
        const attempt = buildAttempt('j-1', 0, 1, { logFile: file })
        await store.apply([jobChange('j-1'), { kind: 'item', item }, { kind: 'attempt', attempt }])
        expect(await store.items('j-1', { limit: 9 })).toEqual([item])
        expect(await store.attempts('j-1', { limit: 9 })).toEqual([attempt])
      })

      test('knows nothing of what was never written', async () => {
        await store.apply([jobChange('j-1')])
        expect(await store.job('j-2')).toBeUndefined()
        expect(await store.document('j-1')).toBeUndefined()
        expect(await store.items('j-2', { limit: 9 })).toEqual([])
        expect(await store.attempts('j-2', { limit: 9 })).toEqual([])
        expect(await store.outputs('j-1', [0])).toEqual(new Map())
        expect(await store.decision('j-1', 0)).toBeUndefined()
        expect(await store.decision('j-1', 0, 1)).toBeUndefined()
        expect(await store.log('j-1', 0, 1)).toEqual([])
        expect(await store.jobByKey('http', 'k')).toBeUndefined()
        expect(await store.itemByResult('k')).toBeUndefined()
        expect(await store.note('ledger')).toBeUndefined()
        expect(await store.jobs({ limit: 9, after: { atMs: 9, id: 'j-2' } })).toEqual([])
      })

      test('replaces a record with the same key, and only that', async () => {
        await store.apply([...submission('j-1'), ...submission('j-2')])
        const job = buildJob('j-1', { state: 'running', attemptCount: 1 })
        const item = buildItem('j-1', 0, { state: 'running', workerId: 'w' })
        const attempt = buildAttempt('j-1', 0, 1, { state: 'running', usage: { wallMs: 3.5 } })
        await store.apply([
          { kind: 'job', job },
          { kind: 'item', item },
          { kind: 'attempt', attempt },
          { kind: 'document', jobId: 'j-1', document: '{"second":true}' },
          {
            kind: 'decision',
            jobId: 'j-1',
            itemIndex: 0,
            attempt: 1,
            atMs: 8,
            decision: '{"again":1}'
          }
        ])
        expect(await store.job('j-1')).toEqual(job)
        expect(await store.items('j-1', { limit: 9 })).toEqual([item])
        expect(await store.attempts('j-1', { limit: 9 })).toEqual([attempt])
        expect(await store.document('j-1')).toBe('{"second":true}')
        expect(await store.decision('j-1', 0, 1)).toBe('{"again":1}')
        expect(await store.job('j-2')).toEqual(buildJob('j-2'))
        expect(await store.items('j-2', { limit: 9 })).toEqual([
          buildItem('j-2', 0, { attemptCount: 1 })
        ])
        expect(await store.document('j-2')).toBe('{"of":"j-2"}')
      })

      test('keeps the last of several writes to one key in one call', async () => {
        await store.apply([
          jobChange('j-1', { state: 'queued' }),
          jobChange('j-1', { state: 'running' }),
          jobChange('j-1', { state: 'completed' })
        ])
        expect((await store.job('j-1'))?.state).toBe('completed')
        expect(await ids({ state: 'running' })).toEqual([])
        expect(await store.unfinished({ limit: 9 })).toEqual([])
      })

      test('takes rows of a job before the job itself', async () => {
        await store.apply([itemChange('j-1', 0), { kind: 'note', name: 'n', text: '' }])
        expect(await store.job('j-1')).toBeUndefined()
        expect(await store.idsWithPrefix('j-', 9)).toEqual([])
        await store.apply([jobChange('j-1')])
        expect(await store.items('j-1', { limit: 9 })).toHaveLength(1)
      })

      test('shares no object with its callers', async () => {
        const job = buildJob('j-1')
        const applied = store.apply([{ kind: 'job', job }])
        job.state = 'failed'
        job.counts.queued = 7
        await applied
        const read = (await store.job('j-1')) as JobRecord
        expect(read).toEqual(buildJob('j-1'))
        read.counts.queued = 8
        expect(await store.job('j-1')).toEqual(buildJob('j-1'))
      })

      test('accepts a call without changes', async () => {
        await expect(store.apply([])).resolves.toBeUndefined()
      })
    })

    describeJobLists(() => store)

    describe('items and attempts', () => {
      test('come by number, page by page, of one state', async () => {
        const order = [11, 2, 0, 10, 1]
        await store.apply([
          jobChange('j-1'),
          ...order.map((index) =>
            itemChange('j-1', index, { state: index < 2 ? 'completed' : 'queued' })
          )
        ])
        const indexes = async (filter: object): Promise<number[]> =>
          (await store.items('j-1', { limit: 9, ...filter })).map((item) => item.index)
        expect(await indexes({})).toEqual([0, 1, 2, 10, 11])
        expect(await indexes({ limit: 2 })).toEqual([0, 1])
        expect(await indexes({ after: 1, limit: 2 })).toEqual([2, 10])
        expect(await indexes({ after: 0, state: 'completed' })).toEqual([1])
        expect(await indexes({ state: 'failed' })).toEqual([])
      })

      test('items are found by index and by id', async () => {
        await store.apply([
          jobChange('j-1'),
          itemChange('j-1', 0, { id: 'ä "0"' }),
          itemChange('j-1', 1, { id: '0' }),
          itemChange('j-1', 7, { id: 'x' }),
          itemChange('j-2', 2, { id: 'x' })
        ])
        const at = async (indexes: number[]): Promise<string[]> =>
          (await store.itemsAt('j-1', indexes)).map((item) => item.id)
        expect(await at([7, 0])).toEqual(['x', 'ä "0"'])
        expect(await at([2, 1])).toEqual(['0'])
        expect(await at([])).toEqual([])
        expect(await store.itemsAt('j-9', [0])).toEqual([])
        expect(await store.itemIndex('j-1', 'ä "0"')).toBe(0)
        expect(await store.itemIndex('j-1', '0')).toBe(1)
        expect(await store.itemIndex('j-1', 'x')).toBe(7)
        expect(await store.itemIndex('j-1', '7')).toBeUndefined()
        expect(await store.itemIndex('j-9', 'x')).toBeUndefined()
      })

      test('attempts come by item and number, an item never cut by a page', async () => {
        await store.apply([
          attemptChange('j-1', 1, 1),
          attemptChange('j-1', 0, 10),
          attemptChange('j-1', 0, 9),
          attemptChange('j-1', 1, 2, { state: 'completed' }),
          attemptChange('j-1', 2, 1)
        ])
        const keys = async (filter: object): Promise<string[]> =>
          (await store.attempts('j-1', { limit: 9, ...filter })).map(
            (attempt) => `${attempt.itemIndex}.${attempt.number}`
          )
        expect(await keys({})).toEqual(['0.9', '0.10', '1.1', '1.2', '2.1'])
        expect(await keys({ limit: 1 })).toEqual(['0.9', '0.10'])
        expect(await keys({ limit: 3 })).toEqual(['0.9', '0.10', '1.1', '1.2'])
        expect(await keys({ limit: 1, after: 0 })).toEqual(['1.1', '1.2'])
        expect(await keys({ limit: 0 })).toEqual([])
        expect(await keys({ itemIndex: 1 })).toEqual(['1.1', '1.2'])
        expect(await keys({ itemIndex: 1, limit: 1 })).toEqual(['1.1'])
        expect(await keys({ state: 'completed' })).toEqual(['1.2'])
      })
    })

    describe('bodies', () => {
      test('outputs are given for the items asked for', async () => {
        await store.apply([output(0, '1'), output(2, '{"x":"ü🌙"}')])
        expect(await store.outputs('j-1', [2, 0, 7])).toEqual(
          new Map([
            [2, '{"x":"ü🌙"}'],
            [0, '1']
          ])
        )
        await store.apply([output(2, 'null')])
        expect((await store.outputs('j-1', [2])).get(2)).toBe('null')
        expect(await store.outputs('j-1', [])).toEqual(new Map())
      })

      test('outputs of 1 MiB and a document of 8 MiB come back whole', async () => {
        const large = JSON.stringify('ö€🌙x'.repeat(2 ** 17))
        const document = JSON.stringify('d'.repeat(2 ** 23))
        await store.apply([
          output(0, large),
          output(1, large),
          { kind: 'document', jobId: 'j-1', document }
        ])
        const outputs = await store.outputs('j-1', [0, 1])
        expect(outputs.get(0) === large).toBe(true)
        expect(outputs.get(1) === large).toBe(true)
        expect((await store.document('j-1')) === document).toBe(true)
      })

      test('control characters survive, half a character becomes U+FFFD', async () => {
        await store.apply([output(0, 'a\0b\r\n\u001B[31m'), output(1, 'x\uD83C')])
        const outputs = await store.outputs('j-1', [0, 1])
        expect(outputs.get(0)).toBe('a\0b\r\n\u001B[31m')
        expect(outputs.get(1)).toBe('x\uFFFD')
      })

      test('a log comes in the order of its entries, whatever the order of its parts', async () => {
        await store.apply([
          logChange('j-1', [0, 1, 10], ['k']),
          logChange('j-1', [0, 1, 0], ['a', 'ü🌙"]\n', '']),
          logChange('j-1', [0, 1, 3], []),
          logChange('j-1', [0, 2, 0], ['of another attempt']),
          logChange('j-1', [1, 1, 0], ['of another item'])
        ])
        await store.apply([logChange('j-1', [0, 1, 3], ['d']), logChange('j-2', [0, 1, 0], ['x'])])
        const texts = async (item: number, attempt: number): Promise<string[]> =>
          (await store.log('j-1', item, attempt)).map((entry) => entry.text)
        expect(await texts(0, 1)).toEqual(['a', 'ü🌙"]\n', '', 'd', 'k'])
        expect(await store.log('j-1', 0, 2)).toEqual([
          { ms: 0, stream: 'out', text: 'of another attempt' }
        ])
        expect(await texts(1, 1)).toEqual(['of another item'])
        expect(await texts(1, 2)).toEqual([])
      })

      test('a part of a log replaces the one that began at the same entry', async () => {
        await store.apply([
          logChange('j-1', [0, 1, 0], ['a', 'b']),
          logChange('j-1', [0, 1, 2], ['c'])
        ])
        await store.apply([logChange('j-1', [0, 1, 0], ['A', 'B'])])
        await store.apply([logChange('j-1', [0, 1, 2], ['C', 'D'])])
        const log = await store.log('j-1', 0, 1)
        expect(log.map((entry) => entry.text)).toEqual(['A', 'B', 'C', 'D'])
        await store.apply([logChange('j-1', [0, 1, 0], [])])
        expect(await store.log('j-1', 0, 1)).toHaveLength(2)
      })

      test('notes are kept by name', async () => {
        await store.apply([{ kind: 'note', name: 'ledger', text: '{"a":1}' }])
        await store.apply([
          { kind: 'note', name: 'ledger', text: '{"a":2}' },
          { kind: 'note', name: 'other', text: '' }
        ])
        expect(await store.note('ledger')).toBe('{"a":2}')
        expect(await store.note('other')).toBe('')
      })
    })

    describeDecisions(() => store)
    describeForgetting(() => store)
    describeResults(() => store)

    describe('writing', () => {
      test('a call with one bad change leaves nothing behind', async () => {
        await store.apply([jobChange('j-1')])
        const failed = store.apply([
          jobChange('j-1', { state: 'running', labels: { a: 'b' } }),
          jobChange('j-2'),
          itemChange('j-2', Number.NaN)
        ])
        await expect(failed).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: false })
        expect(await ids()).toEqual(['j-1'])
        expect(await store.job('j-1')).toEqual(buildJob('j-1'))
        expect(await ids({ labels: { a: 'b' } })).toEqual([])
      })

      test('a bad call takes no neighbour with it', async () => {
        const calls = [
          store.apply(submission('j-1')),
          store.apply(badCall('j-2')),
          store.apply([itemChange('j-2', 4)]),
          store.apply([{ kind: 'document', jobId: 'j-2', document: undefined as never }]),
          store.apply([jobChange('j-1', { state: 'running' })])
        ]
        const outcomes = (await Promise.allSettled(calls)).map(({ status }) => status)
        const [fine, bad] = ['fulfilled', 'rejected']
        expect(outcomes).toEqual([fine, bad, fine, bad, fine])
        expect((await store.job('j-1'))?.state).toBe('running')
        expect(await store.items('j-1', { limit: 9 })).toHaveLength(1)
        expect(await store.job('j-2')).toBeUndefined()
        expect(await store.items('j-2', { limit: 9 })).toEqual([buildItem('j-2', 4)])
        await store.apply([jobChange('j-2')])
        expect(await ids()).toEqual(['j-2', 'j-1'])
      })

      test('reads see the writes before them, and not those after', async () => {
        void store.apply([jobChange('j-1', { attemptCount: 1 })])
        const first = store.job('j-1')
        const second = store.apply([jobChange('j-1', { attemptCount: 2 })])
        expect((await first)?.attemptCount).toBe(1)
        expect((await store.job('j-1'))?.attemptCount).toBe(2)
        await second
      })

      test('calls made at once keep their order', async () => {
        const order: number[] = []
        const calls = Array.from({ length: 2_000 }, async (_, call) => {
          await store.apply([
            jobChange('j-1', { attemptCount: call }),
            itemChange('j-1', call % 10, { attemptCount: call })
          ])
          order.push(call)
        })
        await Promise.all(calls)
        expect(order).toEqual(order.toSorted((left, right) => left - right))
        expect((await store.job('j-1'))?.attemptCount).toBe(1_999)
        const items = await store.items('j-1', { limit: 10 })
        expect(items.map((item) => item.attemptCount)).toEqual(
          Array.from({ length: 10 }, (_, index) => 1_990 + index)
        )
      })

      test('one call may write an array job of 20,000 items', async () => {
        const items = Array.from({ length: 20_000 }, (_, index) => itemChange('j-1', index))
        await store.apply([jobChange('j-1', { itemCount: 20_000 }), ...items])
        const page = await store.items('j-1', { after: 19_990, limit: 100 })
        expect(page.map((item) => item.index)).toEqual([
          19_991, 19_992, 19_993, 19_994, 19_995, 19_996, 19_997, 19_998, 19_999
        ])
      })

      test('start and stop may be called twice', async () => {
        await store.start()
        const applied = store.apply([jobChange('j-1')])
        await Promise.all([store.stop(), store.stop()])
        await expect(applied).resolves.toBeUndefined()
        await store.stop()
      })
    })
  })
}

function output(itemIndex: number, text: string): StoreChange {
  return { kind: 'output', jobId: 'j-1', itemIndex, output: text }
}
