/** The part of the suite of job stores that is about finding jobs: order, pages, filters, prefixes. */
import { beforeEach, describe, expect, test } from 'vitest'
import { CREATED_AT_MS, jobChange } from './job-store-records.ts'
import type { JobFilter, JobStore } from '../../src/jobs/store.ts'

/** The ids of the jobs listed; up to a hundred unless a limit is given. */
export async function jobIds(store: JobStore, filter: Partial<JobFilter> = {}): Promise<string[]> {
  const jobs = await store.jobs({ limit: 100, ...filter })
  return jobs.map((job) => job.id)
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

    test('unfinished ones come oldest first', async () => {
      await store().apply([
        jobChange('j-0', { state: 'held', createdAtMs: CREATED_AT_MS + 9 }),
        jobChange('j-p', { state: 'pending', createdAtMs: CREATED_AT_MS + 8 }),
        jobChange('j-f', { state: 'failed' }),
        jobChange('j-s', { state: 'stopped' })
      ])
      const unfinished = (await store().unfinished()).map((job) => job.id)
      expect(unfinished).toEqual(['j-1', 'j-3', 'j-4', 'j-p', 'j-0'])
    })
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
