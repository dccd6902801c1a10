/** The part of the suite of job stores that is about decisions: of one attempt, and of all jobs by time. */
import { expect, test } from 'vitest'
import type { JobStore, StoreChange } from '../../src/jobs/store.ts'

const at = (jobId: string, attempt: number, atMs: number): StoreChange => {
  const key = { jobId, itemIndex: 0, attempt }
  return { kind: 'decision', ...key, atMs, decision: `${jobId} ${attempt} ${atMs}` }
}

/** `store` gives the empty store of the case that runs. */
export function describeDecisions(store: () => JobStore): void {
  test('decisions are told apart, the last one is the default', async () => {
    await store().apply(
      [2, 10, 1].map((attempt) => ({
        kind: 'decision',
        jobId: 'j-1',
        itemIndex: 3,
        attempt,
        atMs: attempt,
        decision: `{"of":${attempt}}`
      }))
    )
    expect(await store().decision('j-1', 3)).toBe('{"of":10}')
    expect(await store().decision('j-1', 3, 2)).toBe('{"of":2}')
    expect(await store().decision('j-1', 3, 4)).toBeUndefined()
    expect(await store().decision('j-1', 2)).toBeUndefined()
  })

  test('decisions of all jobs come by time, page after page, and go the oldest first', async () => {
    const [all, same] = [
      { sinceMs: 0, limit: 9 },
      { atMs: 5, itemIndex: 0 }
    ]
    await store().apply([at('j-b', 1, 5), at('j-a', 1, 5), at('j-a', 2, 7), at('j-a', 3, 2)])
    const list = ['j-a 3 2', 'j-b 1 5', 'j-a 1 5', 'j-a 2 7']
    expect(await store().decisions(all)).toEqual(list)
    expect(await store().decisions({ sinceMs: 5, limit: 2 })).toEqual(list.slice(1, 3))
    const after = { ...same, jobId: 'j-b', attempt: 1 }
    expect(await store().decisions({ ...all, after })).toEqual(list.slice(2))
    // The place of one that is gone is lost, but nothing behind it.
    const gone = { ...same, jobId: 'j-gone', attempt: 1 }
    expect(await store().decisions({ ...all, after: gone })).toEqual(list.slice(1))
    await store().apply([{ kind: 'forgetDecisions', beforeMs: 7, limit: 2 }])
    expect(await store().decisions(all)).toEqual(list.slice(2))
    await store().apply([{ kind: 'forgetDecisions', beforeMs: 7, limit: 2 }])
    expect(await store().decisions(all)).toEqual(list.slice(3))
    expect(await store().decision('j-a', 0)).toBe('j-a 2 7')
  })
}
