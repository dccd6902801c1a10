/** Logs of attempts as they come in parts, again, too early and too long; and the words of strangers. */
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { formatBytes } from '../../../src/core/units.ts'
import { JobLogs, readLogPart } from '../../../src/dispatch/views/job-logs.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import type { LogEntry } from '../../../src/model/generated/commands-execute-task.ts'

const KEY = { jobId: 'j-1', itemIndex: 0, attempt: 1 }

let store: MemoryJobStore
let logs: JobLogs

/** A router's logs; a second one on the same store is the router after a restart. */
function newLogs(): JobLogs {
  return new JobLogs({ store, write: (changes) => void store.apply(changes) })
}

beforeEach(() => {
  store = new MemoryJobStore()
  logs = newLogs()
})

const entries = (...texts: string[]): LogEntry[] =>
  texts.map((text, index) => ({ ms: index, stream: 'out', text }))

const textsOf = async (): Promise<string[]> => (await logs.read(KEY)).map(({ text }) => text)

describe('parts of a log', () => {
  it('are taken once, in order, and the number of the next one is told', async () => {
    expect(logs.next(KEY)).toBe(0)
    expect(logs.append(KEY, 0, entries('a', 'b'))).toBe(2)
    expect(logs.append(KEY, 0, entries('a', 'b'))).toBe(2)
    expect(logs.append(KEY, 1, entries('b', 'c'))).toBe(3)
    expect(logs.append(KEY, 3, [])).toBe(3)
    expect(logs.next(KEY)).toBe(3)
    expect(logs.next({ ...KEY, attempt: 2 })).toBe(0)
    expect(await textsOf()).toEqual(['a', 'b', 'c'])
  })

  it('that come before others are not taken, and the missing one is asked for', async () => {
    expect(logs.append(KEY, 2, entries('c'))).toBe(0)
    expect(logs.append(KEY, 0, entries('a'))).toBe(1)
    expect(logs.append(KEY, 2, entries('c'))).toBe(1)
    expect(await textsOf()).toEqual(['a'])
  })

  it('give the whole log whatever is cut, repeated or sent too early, over restarts too', async () => {
    const step = fc.record({ from: fc.nat(20), count: fc.nat(6), isRestart: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        store = new MemoryJobStore()
        logs = newLogs()
        const all = entries(...Array.from({ length: 20 }, (_, index) => `line ${index}`))
        for (const { count, from, isRestart } of steps) {
          const next = logs.next(KEY)
          if (isRestart) logs = newLogs()
          expect(await logs.resume(KEY)).toBe(next)
          logs.append(KEY, from, all.slice(from, from + count))
        }
        logs.append(KEY, logs.next(KEY), all.slice(logs.next(KEY)))
        logs.end(KEY)
        expect(await logs.read(KEY)).toEqual(all)
      })
    )
  })

  it('that come while an earlier run’s are looked up are asked for again', async () => {
    logs.append(KEY, 0, entries('a', 'b'))
    logs = newLogs()
    const resuming = [logs.resume(KEY), logs.resume(KEY)]
    expect(logs.append(KEY, 2, entries('c'))).toBe(0)
    expect(logs.append(KEY, 0, entries('a', 'b', 'c'))).toBe(0)
    expect(await Promise.all(resuming)).toEqual([2, 2])
    expect(logs.append(KEY, 0, entries('a', 'b', 'c'))).toBe(3)
    expect(await textsOf()).toEqual(['a', 'b', 'c'])
    logs = newLogs()
    const late = logs.resume(KEY)
    logs.end(KEY)
    expect(await late).toBe(0)
    expect(logs.next(KEY)).toBe(0)
  })

  it('beyond the bound are dropped, and a last entry says how much', async () => {
    const half = 'x'.repeat(LIMITS.logBytesMax / 2)
    expect(logs.append(KEY, 0, entries(half, half, 'ä'))).toBe(3)
    expect(logs.append(KEY, 3, entries('more'))).toBe(4)
    logs.end(KEY)
    expect((await logs.read(KEY)).map(({ text }) => text.slice(0, 40))).toEqual([
      half.slice(0, 40),
      half.slice(0, 40),
      '[6B more were not kept]\n'
    ])
  })

  it('are dropped from the first that does not fit: a log has no holes', async () => {
    logs.append(KEY, 0, entries('a', 'x'.repeat(LIMITS.logBytesMax), 'b'))
    logs = newLogs()
    // The router has forgotten what it dropped; it drops the same again.
    expect(await logs.resume(KEY)).toBe(1)
    logs.append(KEY, 1, entries('x'.repeat(LIMITS.logBytesMax), 'b'))
    logs.end(KEY)
    expect(await textsOf()).toEqual([
      'a',
      `[${formatBytes(LIMITS.logBytesMax + 1)} more were not kept]\n`
    ])
  })

  it('without text count too', () => {
    const none = Array.from({ length: LIMITS.logBytesMax }, () => entries('')[0] as LogEntry)
    logs.append(KEY, 0, none)
    let written = 0
    const counting = new JobLogs({ store, write: () => (written += 1) })
    for (let round = 0; round < 3; round += 1) counting.append(KEY, counting.next(KEY), none)
    expect(written).toBe(1)
  })

  it('that the worker itself did not keep are told of at the end', async () => {
    logs.append(KEY, 0, entries('a'))
    expect(logs.end(KEY, 12)).toBe(true)
    expect(await textsOf()).toEqual(['a', '[12B more were not kept]\n'])
    const silent = { ...KEY, itemIndex: 1 }
    expect(logs.end(silent)).toBe(false)
    expect(await logs.read(silent)).toEqual([])
    expect(logs.end(silent, 1)).toBe(true)
  })

  it('wake whoever follows, until it follows no more', () => {
    let woken = 0
    const unfollow = logs.follow(KEY, () => {
      woken += 1
    })
    logs.append(KEY, 0, entries('a'))
    logs.append(KEY, 0, entries('a'))
    logs.append({ ...KEY, attempt: 2 }, 0, entries('a'))
    expect(woken).toBe(1)
    logs.end(KEY)
    expect(woken).toBe(2)
    unfollow()
    unfollow()
    logs.append(KEY, 0, entries('b'))
    expect(woken).toBe(2)
  })
})

describe('a part in the words of a stranger', () => {
  it('is believed if it has the right shape, and only that of it', () => {
    const part = { from: 2, entries: [{ ms: 1.5, stream: 'err', text: 'oh', extra: {} }], more: 1 }
    expect(readLogPart(part)).toEqual({
      from: 2,
      entries: [{ ms: 1.5, stream: 'err', text: 'oh' }]
    })
    expect(readLogPart({ from: 0, entries: [] })).toEqual({ from: 0, entries: [] })
  })

  const entry = { ms: 1, stream: 'out', text: 'a' }
  it.each([
    undefined,
    null,
    'text',
    [],
    {},
    { from: 0 },
    { from: 0, entries: {} },
    { from: -1, entries: [] },
    { from: 0.5, entries: [] },
    { from: Number.NaN, entries: [] },
    { from: 2 ** 60, entries: [] },
    { from: '0', entries: [] },
    { from: 0, entries: [null] },
    { from: 0, entries: [entry, { ...entry, ms: -1 }] },
    { from: 0, entries: [{ ...entry, ms: Number.POSITIVE_INFINITY }] },
    { from: 0, entries: [{ ...entry, ms: '1' }] },
    { from: 0, entries: [{ ...entry, stream: 'log' }] },
    { from: 0, entries: [{ ...entry, text: 1 }] },
    { from: 0, entries: Array.from({ length: 65_537 }, () => entry) }
  ])('is not believed: %j', (value) => {
    expect(readLogPart(value)).toBeUndefined()
  })
})
