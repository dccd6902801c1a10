/** The part of the suite of job stores that is about taking things away: jobs, their logs, and when. */
import { describe, expect, test } from 'vitest'
import { jobIds } from './job-store-list-suite.ts'
import { jobChange, logChange, submission } from './job-store-records.ts'
import type { JobStore, StoreChange } from '../../src/jobs/store.ts'

const forget = (jobId: string): StoreChange => ({ kind: 'forget', jobId })
const forgetLogs = (jobId: string): StoreChange => ({ kind: 'forgetLogs', jobId })

/** Rows of every kind. */
function everything(jobId: string, more: object = {}): StoreChange[] {
  return [
    ...submission(jobId),
    { kind: 'output', jobId, itemIndex: 0, output: '1' },
    logChange(jobId, [0, 1, 0], ['a']),
    logChange(jobId, [0, 2, 0], ['b']),
    jobChange(jobId, { labels: { team: 'x' }, key: `key of ${jobId}`, parentId: 'j-p', ...more })
  ]
}

/** All that a store tells of a job. */
async function told(store: JobStore, jobId: string): Promise<unknown[]> {
  return Promise.all([
    store.job(jobId),
    store.document(jobId),
    store.items(jobId, { limit: 9 }),
    store.attempts(jobId, { limit: 9 }),
    store.outputs(jobId, [0]),
    store.log(jobId, 0, 1),
    store.decision(jobId, 0),
    store.receipt(jobId, 0, 1),
    store.jobByKey('http', `key of ${jobId}`),
    store.idsWithPrefix(jobId, 9)
  ])
}

/** `store` gives the empty store of the case that runs. */
export function describeForgetting(store: () => JobStore): void {
  describe('forgetting', () => {
    test('a job takes everything of it away, and nothing else', async () => {
      await store().apply([...everything('j-1'), ...everything('j-2')])
      const other = await told(store(), 'j-2')
      await store().apply([forget('j-1')])
      expect(await told(store(), 'j-1')).toEqual(await told(store(), 'j-0'))
      expect(await told(store(), 'j-2')).toEqual(other)
      expect(await jobIds(store())).toEqual(['j-2'])
      expect(await jobIds(store(), { labels: { team: 'x' } })).toEqual(['j-2'])
      expect(await jobIds(store(), { parentId: 'j-p' })).toEqual(['j-2'])
    })

    test('a job that comes again begins anew', async () => {
      await store().apply([...everything('j-1'), forget('j-1'), jobChange('j-1')])
      expect(await store().items('j-1', { limit: 9 })).toEqual([])
      expect(await store().log('j-1', 0, 1)).toEqual([])
      expect(await store().jobByKey('http', 'key of j-1')).toBeUndefined()
      expect(await jobIds(store(), { labels: { team: 'x' } })).toEqual([])
      await store().apply(everything('j-1'))
      expect(await jobIds(store(), { labels: { team: 'x' } })).toEqual(['j-1'])
    })

    test('what is not there is no mistake, and leaves no trace', async () => {
      await store().apply([forget('j-9'), forgetLogs('j-9'), jobChange('j-1')])
      await store().apply([logChange('j-8', [0, 1, 0], ['a']), forgetLogs('j-8'), forget('j-8')])
      expect(await store().log('j-8', 0, 1)).toEqual([])
      expect(await store().idsWithPrefix('j', 9)).toEqual(['j-1'])
    })

    test('a key is free again, or goes back to the job that had it before', async () => {
      await store().apply([
        jobChange('j-1', { key: 'k', createdAtMs: 1 }),
        jobChange('j-2', { key: 'k', createdAtMs: 2 })
      ])
      await store().apply([forget('j-2')])
      expect((await store().jobByKey('http', 'k'))?.id).toBe('j-1')
      await store().apply([forget('j-1')])
      expect(await store().jobByKey('http', 'k')).toBeUndefined()
    })

    test('logs leaves the rest of the job as it is', async () => {
      await store().apply([...everything('j-1', { forgetLogsAtMs: 5 }), ...everything('j-2')])
      const job = await store().job('j-1')
      await store().apply([forgetLogs('j-1')])
      expect(await store().log('j-1', 0, 1)).toEqual([])
      expect(await store().log('j-1', 0, 2)).toEqual([])
      expect(await store().log('j-2', 0, 2)).toHaveLength(1)
      expect(await store().job('j-1')).toEqual(job)
      expect(await store().outputs('j-1', [0])).toEqual(new Map([[0, '1']]))
    })

    test('is asked for when its time has come, the longest due first', async () => {
      await store().apply([
        jobChange('j-1', { forgetAtMs: 30 }),
        jobChange('j-2', { forgetAtMs: 10 }),
        jobChange('j-3'),
        jobChange('j-4', { forgetAtMs: 20.5 }),
        jobChange('j-0', { forgetAtMs: 10 })
      ])
      expect(await store().forgettable('job', 9, 9)).toEqual([])
      expect(await store().forgettable('job', 20.5, 9)).toEqual(['j-0', 'j-2', 'j-4'])
      expect(await store().forgettable('job', 99, 2)).toEqual(['j-0', 'j-2'])
      expect(await store().forgettable('job', Infinity, Infinity)).toHaveLength(4)
      await store().apply([forget('j-0'), jobChange('j-2'), jobChange('j-1', { forgetAtMs: 5 })])
      expect(await store().forgettable('job', 99, 9)).toEqual(['j-1', 'j-4'])
    })

    test('logs is asked for once, and only of jobs that stay longer', async () => {
      await store().apply([
        jobChange('j-1', { forgetLogsAtMs: 30, forgetAtMs: 31 }),
        jobChange('j-2', { forgetLogsAtMs: 20 }),
        jobChange('j-3', { forgetLogsAtMs: 10, forgetAtMs: 10 }),
        jobChange('j-4', { forgetLogsAtMs: 10, forgetAtMs: 9 })
      ])
      expect(await store().forgettable('logs', 29, 9)).toEqual(['j-2'])
      expect(await store().forgettable('logs', 99, 9)).toEqual(['j-2', 'j-1'])
      await store().apply([forgetLogs('j-2')])
      expect(await store().forgettable('logs', 99, 9)).toEqual(['j-1'])
      // A job that is written again may have got logs again.
      await store().apply([jobChange('j-2', { forgetLogsAtMs: 20 })])
      expect(await store().forgettable('logs', 99, 9)).toEqual(['j-2', 'j-1'])
      expect(await store().forgettable('job', 99, 9)).toEqual(['j-4', 'j-3', 'j-1'])
    })

    test('is undone with the rest of a call that is refused', async () => {
      await store().apply(everything('j-1', { forgetLogsAtMs: 5 }))
      const before = await told(store(), 'j-1')
      const broken: StoreChange = { kind: 'document', jobId: 'j-1', document: undefined as never }
      for (const change of [forget('j-1'), forgetLogs('j-1')]) {
        await expect(store().apply([change, broken])).rejects.toThrow('refused')
        await expect(store().apply([change, logChange('j-1', [0, 1, NaN], [])])).rejects.toThrow(
          'refused'
        )
      }
      expect(await told(store(), 'j-1')).toEqual(before)
      expect(await store().forgettable('logs', 9, 9)).toEqual(['j-1'])
    })
  })
}
