/** The part of the suite of job stores that is about finding jobs: order, pages, filters, prefixes. */
import { beforeEach, describe, expect, test } from 'vitest'
import { CREATED_AT_MS, buildJob, jobChange } from './job-store-records.ts'
import type { JobRecord } from '../../src/jobs/records.ts'
import type { JobFilter, JobStore, StoreChange } from '../../src/jobs/store.ts'

/** @param after the id of a job */
type Asked = Partial<Omit<JobFilter, 'after'>> & { after?: string }

/** The ids of the jobs listed; up to a hundred unless a limit is given. */
export async function jobIds(
  store: JobStore,
  { after: id, ...filter }: Asked = {}
): Promise<string[]> {
  const isByEnd = filter.sort?.endsWith('ended') === true
  const job = id === undefined ? undefined : await store.job(id)
  const after = job && { id: job.id, atMs: (isByEnd ? job.endedAtMs : job.createdAtMs) ?? 0 }
  const jobs = await store.jobs({ limit: 100, ...filter, after })
  return jobs.map((each) => each.id)
}

const at = (age: number): number => CREATED_AT_MS + age

function ended(id: string, endedAtMs: number | null, change: Partial<JobRecord> = {}): StoreChange {
  const state = endedAtMs === null ? 'running' : 'completed'
  return jobChange(id, { endedAtMs, state, ...change })
}

/** `store` gives the empty store of the case that runs. */
export function describeJobLists(store: () => JobStore): void {
  describe('lists of jobs', () => {
    const states = ['queued', 'running', 'completed'] as const

    beforeEach(async () => {
      // j-5 and j-6 are of the same age, and were not written in the order of their age.
      const ages: [string, number][] = [
        ['j-3', 3],
        ['j-1', 1],
        ['j-6', 5],
        ['j-2', 2],
        ['j-5', 5],
        ['j-4', 4]
      ]
      await store().apply(
        ages.map(([id, age]) => {
          const labels = { parity: age % 2 === 0 ? 'even' : 'odd', ...(age > 3 && { new: 'y' }) }
          return jobChange(id, {
            createdAtMs: CREATED_AT_MS + age,
            state: states[age % 3] as (typeof states)[number],
            labels
          })
        })
      )
    })

    test('come newest first, equal ages by id', async () => {
      expect(await jobIds(store())).toEqual(['j-6', 'j-5', 'j-4', 'j-3', 'j-2', 'j-1'])
    })

    test('go on after a job, page by page, across equal ages', async () => {
      expect(await jobIds(store(), { limit: 1 })).toEqual(['j-6'])
      expect(await jobIds(store(), { limit: 2, after: 'j-6' })).toEqual(['j-5', 'j-4'])
      expect(await jobIds(store(), { limit: 9, after: 'j-4' })).toEqual(['j-3', 'j-2', 'j-1'])
      expect(await jobIds(store(), { after: 'j-1' })).toEqual([])
      expect(await jobIds(store(), { limit: 0 })).toEqual([])
      expect(await jobIds(store(), { limit: Infinity })).toHaveLength(6)
    })

    test('can be of one state', async () => {
      expect(await jobIds(store(), { state: 'completed' })).toEqual(['j-6', 'j-5', 'j-2'])
      expect(await jobIds(store(), { state: 'completed', after: 'j-6', limit: 1 })).toEqual(['j-5'])
      // `after` need not be in that state itself.
      expect(await jobIds(store(), { state: 'completed', after: 'j-4' })).toEqual(['j-2'])
      expect(await jobIds(store(), { state: 'held' })).toEqual([])
    })

    test('can be of labels, all of which must match exactly', async () => {
      expect(await jobIds(store(), { labels: { parity: 'even' } })).toEqual(['j-4', 'j-2'])
      expect(await jobIds(store(), { labels: { parity: 'odd', new: 'y' } })).toEqual(['j-6', 'j-5'])
      expect(await jobIds(store(), { labels: { parity: 'odd' }, after: 'j-5', limit: 1 })).toEqual([
        'j-3'
      ])
      expect(await jobIds(store(), { labels: { parity: 'odd' }, state: 'queued' })).toEqual(['j-3'])
      expect(await jobIds(store(), { labels: { parity: 'o%' } })).toEqual([])
      expect(await jobIds(store(), { labels: { missing: 'y' } })).toEqual([])
      expect(await jobIds(store(), { labels: {} })).toHaveLength(6)
    })

    test('come oldest first as well, page by page', async () => {
      const sort = 'created'
      expect(await jobIds(store(), { sort })).toEqual(['j-1', 'j-2', 'j-3', 'j-4', 'j-5', 'j-6'])
      expect(await jobIds(store(), { sort, limit: 2, after: 'j-4' })).toEqual(['j-5', 'j-6'])
      expect(await jobIds(store(), { sort, after: 'j-5' })).toEqual(['j-6'])
      expect(await jobIds(store(), { sort, state: 'completed' })).toEqual(['j-2', 'j-5', 'j-6'])
      const odd = { sort, labels: { parity: 'odd' }, after: 'j-1', limit: 2 } as const
      expect(await jobIds(store(), odd)).toEqual(['j-3', 'j-5'])
    })

    test('go on behind a job that is forgotten meanwhile', async () => {
      const after = { atMs: at(5), id: 'j-5' }
      await store().apply([{ kind: 'forget', jobId: 'j-5' }])
      const rows = await store().jobs({ after, limit: 2 })
      expect(rows.map(({ id }) => id)).toEqual(['j-4', 'j-3'])
      const upwards = await store().jobs({ sort: 'created', after, limit: 2 })
      expect(upwards.map(({ id }) => id)).toEqual(['j-6'])
    })

    test('follow a job whose state, labels and age change', async () => {
      await store().apply([
        jobChange('j-6', {
          createdAtMs: CREATED_AT_MS,
          state: 'held',
          labels: { parity: 'none' }
        })
      ])
      expect(await jobIds(store())).toEqual(['j-5', 'j-4', 'j-3', 'j-2', 'j-1', 'j-6'])
      expect(await jobIds(store(), { state: 'held' })).toEqual(['j-6'])
      expect(await jobIds(store(), { state: 'completed' })).toEqual(['j-5', 'j-2'])
      expect(await jobIds(store(), { labels: { parity: 'odd' } })).toEqual(['j-5', 'j-3', 'j-1'])
      expect(await jobIds(store(), { labels: { parity: 'none' } })).toEqual(['j-6'])
      expect(await jobIds(store(), { labels: { new: 'y' } })).toEqual(['j-5', 'j-4'])
    })

    test('can be of one submitter, of one parent, and not older than a time', async () => {
      await store().apply([
        jobChange('j-w', { submitter: '12D3Ko', createdAtMs: at(2), labels: { parity: 'even' } }),
        jobChange('j-x', { submitter: '12D3Ko', createdAtMs: at(6), parentId: 'j-1' }),
        jobChange('j-y', { parentId: 'j-1', createdAtMs: at(7), state: 'completed' }),
        jobChange('j-z', { parentId: 'j-11', createdAtMs: at(7) })
      ])
      expect(await jobIds(store(), { submitter: '12D3Ko' })).toEqual(['j-x', 'j-w'])
      expect(await jobIds(store(), { submitter: '12D3Ko', after: 'j-x' })).toEqual(['j-w'])
      expect(await jobIds(store(), { submitter: '12d3ko' })).toEqual([])
      expect(await jobIds(store(), { parentId: 'j-1' })).toEqual(['j-y', 'j-x'])
      expect(await jobIds(store(), { parentId: 'j-1', state: 'completed' })).toEqual(['j-y'])
      expect(await jobIds(store(), { parentId: 'j-1', submitter: '12D3Ko' })).toEqual(['j-x'])
      expect(await jobIds(store(), { sinceMs: at(6) })).toEqual(['j-z', 'j-y', 'j-x'])
      expect(await jobIds(store(), { sinceMs: at(5.5), limit: 1, after: 'j-y' })).toEqual(['j-x'])
      expect(await jobIds(store(), { sinceMs: at(3), labels: { parity: 'even' } })).toEqual(['j-4'])
      expect(
        await jobIds(store(), {
          submitter: '12D3Ko',
          labels: { parity: 'even' },
          state: 'queued',
          sinceMs: at(2)
        })
      ).toEqual(['j-w'])
      expect(await jobIds(store(), { sinceMs: at(8) })).toEqual([])
    })

    test('follow a job whose submitter, key and parent change', async () => {
      await store().apply([
        jobChange('j-1', { createdAtMs: CREATED_AT_MS + 1, key: 'k', parentId: 'j-9' })
      ])
      await store().apply([
        jobChange('j-1', { createdAtMs: CREATED_AT_MS + 1, submitter: 'me', parentId: 'j-8' })
      ])
      expect(await jobIds(store(), { parentId: 'j-9' })).toEqual([])
      expect(await jobIds(store(), { parentId: 'j-8', submitter: 'me' })).toEqual(['j-1'])
      expect(await store().jobByKey('http', 'k')).toBeUndefined()
      expect(await store().jobByKey('me', 'k')).toBeUndefined()
    })

    test('unfinished ones come oldest first, page by page', async () => {
      await store().apply([
        jobChange('j-0', { state: 'held', createdAtMs: CREATED_AT_MS + 9 }),
        jobChange('j-p', { state: 'pending', createdAtMs: CREATED_AT_MS + 4 }),
        jobChange('j-f', { state: 'failed' }),
        jobChange('j-s', { state: 'stopped' })
      ])
      const page = async (limit: number, after?: JobRecord): Promise<JobRecord[]> =>
        store().unfinished({ limit, after })
      const all = await page(Infinity)
      expect(all.map((job) => job.id)).toEqual(['j-1', 'j-3', 'j-4', 'j-p', 'j-0'])
      expect(await page(2)).toEqual(all.slice(0, 2))
      expect(await page(2, all[1])).toEqual(all.slice(2, 4))
      expect(await page(9, all[2])).toEqual(all.slice(3))
      expect(await page(9, all[4])).toEqual([])
      expect(await page(0)).toEqual([])
      // The job need not be there any more.
      await store().apply([{ kind: 'forget', jobId: 'j-3' }])
      expect(await page(9, all[1])).toEqual(all.slice(2))
    })
  })

  describe('lists of jobs by when they ended', () => {
    beforeEach(async () => {
      // The longer ones were created first and ended last; two ended at the same moment.
      await store().apply([
        ended('j-1', at(90), { createdAtMs: at(1), name: 'Long', labels: { team: 'a' } }),
        ended('j-2', at(20), { createdAtMs: at(2), state: 'failed', submitter: 'me' }),
        ended('j-3', at(20), { createdAtMs: at(3), name: 'longer' }),
        ended('j-4', null, { createdAtMs: at(4), name: 'long running' }),
        ended('j-5', at(10), { createdAtMs: at(5), parentId: 'j-1', labels: { team: 'a' } })
      ])
    })

    test('have those that have ended, either way round, equals by id', async () => {
      expect(await jobIds(store(), { sort: '-ended' })).toEqual(['j-1', 'j-3', 'j-2', 'j-5'])
      expect(await jobIds(store(), { sort: 'ended' })).toEqual(['j-5', 'j-2', 'j-3', 'j-1'])
      expect(await jobIds(store(), { sort: '-ended', state: 'running' })).toEqual([])
    })

    test('go on page by page, across equal ends, whatever ends meanwhile', async () => {
      const sort = '-ended'
      expect(await jobIds(store(), { sort, limit: 2 })).toEqual(['j-1', 'j-3'])
      await store().apply([ended('j-4', at(95), { createdAtMs: at(4) })])
      expect(await jobIds(store(), { sort, limit: 2, after: 'j-3' })).toEqual(['j-2', 'j-5'])
      expect(await jobIds(store(), { sort: 'ended', limit: 9, after: 'j-2' })).toEqual([
        'j-3',
        'j-1',
        'j-4'
      ])
      expect(await jobIds(store(), { sort, after: 'j-5' })).toEqual([])
    })

    test('are filtered as others are', async () => {
      const sort = '-ended'
      expect(await jobIds(store(), { sort, state: 'completed' })).toEqual(['j-1', 'j-3', 'j-5'])
      expect(await jobIds(store(), { sort, submitter: 'me' })).toEqual(['j-2'])
      expect(await jobIds(store(), { sort, labels: { team: 'a' } })).toEqual(['j-1', 'j-5'])
      expect(await jobIds(store(), { sort, parentId: 'j-1' })).toEqual(['j-5'])
      expect(await jobIds(store(), { sort, sinceMs: at(3) })).toEqual(['j-3', 'j-5'])
      expect(await jobIds(store(), { sort, text: 'LONG' })).toEqual(['j-1', 'j-3'])
      expect(await jobIds(store(), { sort, text: 'j-1' })).toEqual(['j-1'])
      const both = { labels: { team: 'a' }, state: 'completed', after: 'j-1' } as const
      expect(await jobIds(store(), { sort, ...both })).toEqual(['j-5'])
      expect(await store().searchEnd({ sort, text: 'long' })).toBeUndefined()
    })

    test('follow a job that runs on, ends anew, or is forgotten', async () => {
      const sort = '-ended'
      await store().apply([ended('j-1', null, { createdAtMs: at(1) })])
      expect(await jobIds(store(), { sort })).toEqual(['j-3', 'j-2', 'j-5'])
      await store().apply([ended('j-1', at(15), { createdAtMs: at(1) })])
      await store().apply([{ kind: 'forget', jobId: 'j-3' }])
      expect(await jobIds(store(), { sort })).toEqual(['j-2', 'j-1', 'j-5'])
    })
  })

  describe('a job by its key', () => {
    test('is the one of this submitter', async () => {
      await store().apply([
        jobChange('j-1', { key: 'k' }),
        jobChange('j-2', { key: 'k', submitter: '12D3Ko' }),
        jobChange('j-3', { key: 'K' }),
        jobChange('j-4')
      ])
      expect(await store().jobByKey('http', 'k')).toEqual(buildJob('j-1', { key: 'k' }))
      expect((await store().jobByKey('12D3Ko', 'k'))?.id).toBe('j-2')
      expect(await store().jobByKey('12D3Ko', 'K')).toBeUndefined()
      expect(await store().jobByKey('http', '')).toBeUndefined()
    })

    test('is the newest of several, whichever is written last', async () => {
      const older = jobChange('j-9', { key: 'k' })
      await store().apply([older, jobChange('j-1', { key: 'k', createdAtMs: CREATED_AT_MS + 1 })])
      await store().apply([older])
      expect((await store().jobByKey('http', 'k'))?.id).toBe('j-1')
    })

    test('stays as it ends, with the record of its end', async () => {
      await store().apply([jobChange('j-1', { key: 'k' })])
      await store().apply([jobChange('j-1', { key: 'k', state: 'completed' })])
      expect((await store().jobByKey('http', 'k'))?.state).toBe('completed')
    })
  })

  describe('a search', () => {
    beforeEach(async () => {
      const names: [string, string | null][] = [
        ['j-1a', 'Resize all'],
        ['j-1b', null],
        ['j-2a', 'all of Größe'],
        ['j-3a', '100% of it_all']
      ]
      await store().apply(
        names.map(([id, name], age) => jobChange(id, { name, createdAtMs: at(age) }))
      )
    })

    test('finds a part of a name, in capitals or not, without wildcards', async () => {
      expect(await jobIds(store(), { text: 'ALL' })).toEqual(['j-3a', 'j-2a', 'j-1a'])
      expect(await jobIds(store(), { text: 'GRÖSSE' })).toEqual([])
      expect(await jobIds(store(), { text: 'GRÖ' })).toEqual(['j-2a'])
      expect(await jobIds(store(), { text: 'e a' })).toEqual(['j-1a'])
      expect(await jobIds(store(), { text: '%' })).toEqual(['j-3a'])
      expect(await jobIds(store(), { text: '_' })).toEqual(['j-3a'])
      expect(await jobIds(store(), { text: "' OR 1=1 --" })).toEqual([])
    })

    test('finds ids by how they begin', async () => {
      expect(await jobIds(store(), { text: 'j-1' })).toEqual(['j-1b', 'j-1a'])
      expect(await jobIds(store(), { text: 'J-1A' })).toEqual(['j-1a'])
      expect(await jobIds(store(), { text: 'j-a' })).toEqual([])
    })

    test('goes on behind a job, within a state, after another name', async () => {
      expect(await jobIds(store(), { text: 'all', after: 'j-3a', limit: 1 })).toEqual(['j-2a'])
      expect(await jobIds(store(), { text: 'all', state: 'completed' })).toEqual([])
      const renamed = jobChange('j-1a', { name: 'other', createdAtMs: at(0), state: 'completed' })
      await store().apply([renamed])
      expect(await jobIds(store(), { text: 'other', state: 'completed' })).toEqual(['j-1a'])
      expect(await jobIds(store(), { text: 'resize' })).toEqual([])
      expect(await store().searchEnd({ text: 'all' })).toBeUndefined()
    })
  })

  test('jobs are counted by state as they come, change and are forgotten', async () => {
    expect(await store().jobCounts()).toEqual({})
    await store().apply([jobChange('j-1'), jobChange('j-2'), jobChange('j-3')])
    expect(await store().jobCounts()).toEqual({ queued: 3 })
    await store().apply([
      jobChange('j-1', { state: 'running' }),
      jobChange('j-2', { state: 'failed', labels: { a: 'b' } }),
      { kind: 'forget', jobId: 'j-3' },
      { kind: 'forget', jobId: 'j-none' }
    ])
    expect(await store().jobCounts()).toEqual({ running: 1, failed: 1 })
  })

  describe('ids with a prefix', () => {
    test('match letter by letter: no wildcards, no folding of case', async () => {
      const all = ['j-ab', 'j-abc', 'j-b', 'J-AB', 'j_ab', '%x', '_x', 'ä1', 'ä2', 'a\u0308', '🌙a']
      await store().apply(all.map((id) => jobChange(id)))
      expect(await store().idsWithPrefix('j-a', 9)).toEqual(['j-ab', 'j-abc'])
      expect(await store().idsWithPrefix('j-abc', 9)).toEqual(['j-abc'])
      expect(await store().idsWithPrefix('j-abcd', 9)).toEqual([])
      expect(await store().idsWithPrefix('j_', 9)).toEqual(['j_ab'])
      expect(await store().idsWithPrefix('%', 9)).toEqual(['%x'])
      expect(await store().idsWithPrefix('_', 9)).toEqual(['_x'])
      expect(await store().idsWithPrefix('J', 9)).toEqual(['J-AB'])
      expect(await store().idsWithPrefix('ä', 9)).toEqual(['ä1', 'ä2'])
      expect(await store().idsWithPrefix('🌙', 9)).toEqual(['🌙a'])
      expect(await store().idsWithPrefix("' OR 1=1 --", 9)).toEqual([])
      expect(await store().idsWithPrefix('j', 2)).toHaveLength(2)
      expect(await store().idsWithPrefix('', 99)).toHaveLength(all.length)
    })
  })
}
