/** The part of the suite of job stores that is about results: those that are used again, and what was signed of them. */
import { describe, expect, test } from 'vitest'
import { itemChange, jobChange, receiptChange, submission } from './job-store-records.ts'
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
  test('receipts are told apart, and the last one written counts', async () => {
    await store().apply([receiptChange('j-1', 3, 1), receiptChange('j-1', 3, 2)])
    const receipt = { order: 'order 2', receipt: 'receipt 2' }
    expect(await store().receipt('j-1', 3, 2)).toEqual(receipt)
    expect(await store().receipt('j-1', 3, 3)).toBeUndefined()
    expect(await store().receipt('j-1', 2, 2)).toBeUndefined()
    const again = { order: 'other', receipt: 'newer' }
    const key = { jobId: 'j-1', itemIndex: 3, attempt: 2 }
    await store().apply([{ kind: 'receipt', ...key, ...again }])
    expect(await store().receipt('j-1', 3, 2)).toEqual(again)
  })
}
