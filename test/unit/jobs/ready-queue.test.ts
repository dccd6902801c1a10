/** Whose turn it is, and which of theirs is next. Time is handed in. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { ReadyQueue } from '../../../src/jobs/ready-queue.ts'
import type { Offered, ReadyEntry } from '../../../src/jobs/ready-queue.ts'

let nextOrder = 0

function entry(overrides: Partial<ReadyEntry> = {}): ReadyEntry {
  nextOrder += 1
  const order = overrides.order ?? nextOrder
  const rest = { itemIndex: 0, place: 0, priority: 50, share: 'a', waitingSinceMs: 0, workMs: 0 }
  return { jobId: `j-${order}`, order, ...rest, ...overrides }
}

/** Takes up to so many, in the order in which they are offered. */
function take(queue: ReadyQueue, count: number, nowMs = 0): ReadyEntry[] {
  const taken: ReadyEntry[] = []
  queue.drain((offered) => {
    if (taken.length >= count) return 'enough'
    taken.push(offered)
    return 'taken'
  }, nowMs)
  return taken
}

const sharesOf = (entries: readonly ReadyEntry[]): string =>
  entries.map(({ share }) => share).join('')

const anyEntry = fc.record({
  lane: fc.constantFrom('x', 'y', 'z'),
  share: fc.constantFrom('a', 'b', 'c'),
  priority: fc.nat(100),
  waitingSinceMs: fc.nat(2_000_000)
})

describe('what was pushed', () => {
  it('is taken exactly once, however rounds end, whatever is gone or let go of', () => {
    const answer = fc.constantFrom<Offered>('taken', 'taken', 'taken', 'gone', 'blocked', 'enough')
    const given = [fc.array(anyEntry, { maxLength: 60 }), fc.array(answer), fc.nat(100)] as const
    fc.assert(
      fc.property(...given, (all, answers, dropped) => {
        const queue = new ReadyQueue()
        const waiting = new Set<ReadyEntry>()
        const left: [string, ReadyEntry][] = all.map(({ lane, ...more }) => [lane, entry(more)])
        let nowMs = 0
        const round = (decide: () => Offered): void => {
          queue.drain((offered) => {
            expect(waiting.has(offered)).toBe(true)
            const what = decide()
            if (what === 'taken' || what === 'gone') waiting.delete(offered)
            return what
          }, nowMs)
          expect(queue.size).toBe(waiting.size)
        }
        while (left.length > 0) {
          for (const [lane, pushed] of left.splice(0, 10)) {
            queue.push(lane, pushed)
            waiting.add(pushed)
          }
          round(() => answers.pop() ?? 'enough')
          nowMs += 7_000
        }
        queue.prune(({ priority }) => priority !== dropped)
        for (const each of waiting) if (each.priority === dropped) waiting.delete(each)
        round(() => 'taken')
        expect(waiting.size).toBe(0)
      })
    )
  })

  it('stays whole when whoever it is offered to fails', () => {
    const queue = new ReadyQueue()
    queue.push('x', entry())
    queue.push('y', entry())
    let count = 0
    const fail = (): Offered => {
      count += 1
      if (count === 1) return 'blocked'
      throw new Error('no')
    }
    expect(() => queue.drain(fail, 0)).toThrow('no')
    expect(take(queue, 9)).toHaveLength(2)
  })
})

describe('within a share', () => {
  it('those that wait equally long go by priority, then age of the job, then index', () => {
    const given = fc.array(fc.record({ priority: fc.nat(3), lane: fc.constantFrom('x', 'y') }))
    fc.assert(
      fc.property(given, (all) => {
        const queue = new ReadyQueue()
        const entries = all.map(({ priority }, order) => entry({ priority, order }))
        entries.forEach((each, index) => queue.push(all[index]?.lane ?? '', each))
        const expected = entries.toSorted(
          (left, right) => right.priority - left.priority || left.order - right.order
        )
        expect(take(queue, Infinity)).toEqual(expected)
      })
    )
    const queue = new ReadyQueue()
    for (const itemIndex of [2, 0, 1]) queue.push('x', entry({ order: 1, itemIndex }))
    expect(take(queue, 3).map(({ itemIndex }) => itemIndex)).toEqual([0, 1, 2])
  })

  it('the least urgent item passes new ones of the highest priority after a thousand seconds', () => {
    const queue = new ReadyQueue()
    const patient = entry({ priority: 0 })
    queue.push('x', patient)
    for (let nowMs = 0; nowMs < 1_000_000; nowMs += 5_000) {
      queue.push('x', entry({ priority: 100, waitingSinceMs: nowMs }))
      queue.push('x', entry({ priority: 100, waitingSinceMs: nowMs }))
      expect(take(queue, 1, nowMs)).not.toEqual([patient])
    }
    queue.push('x', entry({ priority: 100, waitingSinceMs: 1_000_001 }))
    const rest = take(queue, Infinity, 1_000_001)
    expect(rest.at(-2)).toBe(patient)
  })
})

describe('between shares', () => {
  it('equals alternate, whatever each of them has waiting', () => {
    const queue = new ReadyQueue()
    for (let count = 0; count < 1_000; count += 1) queue.push('x', entry({ share: 'a' }))
    for (let count = 0; count < 3; count += 1) queue.push('x', entry({ share: 'b' }))
    expect(sharesOf(take(queue, 8))).toBe('abababaa')
    queue.push('y', entry({ share: 'b' }))
    expect(sharesOf(take(queue, 2))).toBe('ab')
  })

  it('take turns one item per round as well, and no share is more than one behind', () => {
    const shares = ['a', 'b', 'c', 'd']
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { minLength: 8, maxLength: 40 }), (pauses) => {
        const queue = new ReadyQueue()
        for (const share of shares) {
          for (const _ of pauses) queue.push('x', entry({ share }))
        }
        const counts = new Map(shares.map((share) => [share, 0]))
        let nowMs = 0
        for (const pauseMs of pauses) {
          nowMs += pauseMs
          const [taken] = take(queue, 1, nowMs)
          counts.set(taken?.share ?? '', (counts.get(taken?.share ?? '') ?? 0) + 1)
        }
        expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1)
      })
    )
  })

  it('a share that comes back stands behind those that wait: turns are not saved up', () => {
    const queue = new ReadyQueue()
    for (let count = 0; count < 50; count += 1) queue.push('x', entry({ share: 'a' }))
    const returning = entry({ share: 'b', order: -1 })
    let turnsOfB = 0
    for (let round = 0; round < 20; round += 1) {
      queue.push('x', returning)
      turnsOfB += take(queue, 1, round).filter(({ share }) => share === 'b').length
      queue.prune(({ share }) => share !== 'b')
    }
    expect(turnsOfB).toBe(0)
    queue.push('x', returning)
    expect(sharesOf(take(queue, 4, 20))).toBe('abaa')
  })

  it('an item that comes back after long does not bring its share the points of all that time', () => {
    const queue = new ReadyQueue()
    queue.push('x', entry({ share: 'a', waitingSinceMs: 990_000 }))
    queue.push('x', entry({ share: 'a', waitingSinceMs: 990_000 }))
    expect(sharesOf(take(queue, 1, 1_000_000))).toBe('a')
    queue.push('x', entry({ share: 'b', waitingSinceMs: 0 }))
    expect(sharesOf(take(queue, 2, 1_000_000))).toBe('ab')
  })

  it('the more urgent goes first, and the other gains a point every ten seconds', () => {
    const queue = new ReadyQueue()
    for (let count = 0; count < 100; count += 1) {
      queue.push('x', entry({ share: 'u', priority: 53 }))
      queue.push('x', entry({ share: 'w', priority: 50 }))
    }
    const taken: ReadyEntry[] = []
    for (let nowMs = 0; nowMs < 100_000; nowMs += 5_000) taken.push(...take(queue, 1, nowMs))
    expect(sharesOf(taken)).toBe('uuuuuuwuuuuuwuuuuuwu')
  })

  it('starvation ends for any priority, in a time that does not depend on how much others bring', () => {
    const queue = new ReadyQueue()
    queue.push('x', entry({ share: 'low', priority: 0 }))
    let nowMs = 0
    for (let isTaken = false; !isTaken; nowMs += 1_000) {
      for (const share of ['p', 'q']) {
        for (let count = 0; count < 5; count += 1) {
          queue.push('x', entry({ share, priority: 100, waitingSinceMs: nowMs }))
        }
      }
      isTaken = take(queue, 1, nowMs).some(({ share }) => share === 'low')
    }
    expect(nowMs).toBeLessThanOrEqual(1_003_000)
  })

  it('beyond the bound they share one turn', () => {
    const queue = new ReadyQueue()
    for (let index = 0; index < LIMITS.sharesMax; index += 1) {
      queue.push('x', entry({ share: `s${index}` }))
      queue.push('x', entry({ share: `s${index}` }))
    }
    queue.push('x', entry({ share: 'further-1' }))
    queue.push('x', entry({ share: 'further-2' }))
    const taken = take(queue, 2 * LIMITS.sharesMax + 2).map(({ share }) => share)
    expect(taken.indexOf('further-1')).toBe(LIMITS.sharesMax)
    expect(taken.indexOf('further-2')).toBe(2 * LIMITS.sharesMax + 1)
    expect(queue.size).toBe(0)
  })

  it('what is gone takes nobody’s turn', () => {
    const queue = new ReadyQueue()
    const stale = [entry({ share: 'a' }), entry({ share: 'a' })]
    for (const each of stale) queue.push('x', each)
    queue.push('x', entry({ share: 'b' }))
    queue.push('x', entry({ share: 'a' }))
    const taken: ReadyEntry[] = []
    queue.drain((offered) => {
      if (stale.includes(offered)) return 'gone'
      taken.push(offered)
      return 'taken'
    }, 0)
    expect(sharesOf(taken)).toBe('ab')
  })
})

describe('a blocked lane', () => {
  it('never blocks another, in its own share or in others, and is open again in the next round', () => {
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 40 }),
        fc.subarray(['x', 'y', 'z']),
        (all, shut) => {
          const queue = new ReadyQueue()
          for (const { lane, ...more } of all) queue.push(lane, entry(more))
          const offers = new Map<string, number>()
          queue.drain((_, lane) => {
            offers.set(lane, (offers.get(lane) ?? 0) + 1)
            return shut.includes(lane) ? 'blocked' : 'taken'
          }, 2_000_000)
          const countOf = (lane: string): number => all.filter((each) => each.lane === lane).length
          for (const lane of ['x', 'y', 'z']) {
            const expected = shut.includes(lane) ? Math.min(1, countOf(lane)) : countOf(lane)
            expect(offers.get(lane) ?? 0).toBe(expected)
          }
          const leftCount = all.filter(({ lane }) => shut.includes(lane)).length
          expect(take(queue, Infinity, 2_000_000)).toHaveLength(leftCount)
          expect(queue.size).toBe(0)
        }
      )
    )
  })

  it('keeps its share from nothing: the share goes on with its other lanes, at their priority', () => {
    const queue = new ReadyQueue()
    queue.push('large', entry({ share: 'a', priority: 90 }))
    queue.push('small', entry({ share: 'a', priority: 10 }))
    queue.push('small', entry({ share: 'b', priority: 20 }))
    const taken: ReadyEntry[] = []
    queue.drain((offered, lane) => {
      if (lane === 'large') return 'blocked'
      taken.push(offered)
      return 'taken'
    }, 0)
    expect(sharesOf(taken)).toBe('ba')
    expect(queue.size).toBe(1)
  })
})

describe('lanes of one share', () => {
  it('let short work go first, until the other has waited ten times the difference', () => {
    const queue = new ReadyQueue()
    queue.push('long', entry({ jobId: 'long', workMs: 5_000 }))
    queue.push('short', entry({ jobId: 'early', workMs: 100, waitingSinceMs: 48_000 }))
    queue.push('short', entry({ jobId: 'late', workMs: 100, waitingSinceMs: 50_000 }))
    expect(take(queue, 9).map(({ jobId }) => jobId)).toEqual(['early', 'long', 'late'])
  })

  it('stay first come, first served within, whatever is expected meanwhile', () => {
    const queue = new ReadyQueue()
    queue.push('x', entry({ jobId: 'first', workMs: 5_000 }))
    queue.push('x', entry({ jobId: 'second', workMs: 1, waitingSinceMs: 10 }))
    expect(take(queue, 9).map(({ jobId }) => jobId)).toEqual(['first', 'second'])
  })
})
