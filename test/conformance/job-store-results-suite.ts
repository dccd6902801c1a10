/** The part of the suite of job stores that is about results that are used again. */
import { describe, expect, test } from 'vitest'
import { itemChange, jobChange, submission } from './job-store-records.ts'
import type { JobStore, StoreChange } from '../../src/jobs/store.ts'

const result = (key: string, jobId: string, itemIndex: number): StoreChange => ({
  kind: 'result',
  key,
  jobId,
  itemIndex
})

async function found(store: JobStore, key: string): Promise<string | undefined> {
  const item = await store.itemByResult(key)
  return item && `${item.jobId} ${item.index}`
}

/** `store` gives the empty store of the case that runs. */
export function describeResults(store: () => JobStore): void {
  describe('results that equal tasks may use', () => {
    test('are found by their key, the newest of several', async () => {
      await store().apply([...submission('j-1'), itemChange('j-1', 1), ...submission('j-2')])
      await store().apply([result('k', 'j-1', 1)])
      expect(await found(store(), 'k')).toBe('j-1 1')
      await store().apply([result('k', 'j-2', 0), result('other', 'j-1', 0)])
      expect(await found(store(), 'k')).toBe('j-2 0')
      expect(await found(store(), 'other')).toBe('j-1 0')
    })

    test('go with their jobs, and come again only with others', async () => {
      await store().apply([...submission('j-1'), ...submission('j-2')])
      await store().apply([result('k', 'j-1', 0), result('kept', 'j-2', 0)])
      await store().apply([{ kind: 'forget', jobId: 'j-1' }])
      expect(await found(store(), 'k')).toBeUndefined()
      expect(await found(store(), 'kept')).toBe('j-2 0')
      await store().apply(submission('j-1'))
      expect(await found(store(), 'k')).toBeUndefined()
    })

    test('need an item to be found', async () => {
      await store().apply([jobChange('j-1'), result('k', 'j-1', 3)])
      expect(await found(store(), 'k')).toBeUndefined()
    })
  })
}
