/** The tree of keys under which workers are found: whoever looks from the top finds all, whatever each worker believes. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  LEVEL_MAX,
  SHARD_WORKERS,
  SPLIT_WORKERS,
  TOP,
  levelFor,
  shardKey,
  shardsBelow,
  shardsOf
} from '../../src/discovery/shards.ts'
import type { Shard } from '../../src/discovery/shards.ts'

const count = fc.integer({ min: 0, max: 1_000_000 })
const level = fc.integer({ min: 0, max: LEVEL_MAX })
const peer = fc.string({ minLength: 1, maxLength: 60 })
const name = (shard: Shard): string => shardKey('demo', shard)

/** All that stand in the tree, by key. */
function standing(places: Iterable<readonly [string, number]>): Map<string, Set<string>> {
  const tree = new Map<string, Set<string>>()
  for (const [worker, own] of places) {
    for (const shard of shardsOf(worker, own)) {
      const key = name(shard)
      tree.set(key, (tree.get(key) ?? new Set()).add(worker))
    }
  }
  return tree
}

/** As a finder does it. */
function walk(tree: ReadonlyMap<string, ReadonlySet<string>>): {
  found: Set<string>
  keyCount: number
} {
  const found = new Set<string>()
  const waiting: Shard[] = [TOP]
  let keyCount = 0
  for (const shard of waiting) {
    keyCount += 1
    const here = tree.get(name(shard)) ?? new Set()
    for (const worker of here) found.add(worker)
    waiting.push(...shardsBelow(shard, here.size))
  }
  return { found, keyCount }
}

function peers(size: number): string[] {
  return Array.from({ length: size }, (_, index) => `12D3KooW${index}x${index * 7_919}`)
}

describe('a level', () => {
  it('gives each key 100 to 200 workers, and has no more keys than that needs', () => {
    fc.assert(
      fc.property(count, (workers) => {
        const own = levelFor(workers, 0)
        const perKey = workers / 2 ** own
        expect(perKey <= SHARD_WORKERS || own === LEVEL_MAX).toBe(true)
        expect(perKey > SHARD_WORKERS / 2 || own === 0).toBe(true)
      })
    )
  })

  it('is kept while a number wavers, and left when it is another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 201, max: 200_000 }), (workers) => {
        const own = levelFor(workers, 0)
        expect(levelFor(Math.ceil(workers * 0.8), own)).toBe(own)
        expect(levelFor(Math.floor(workers / 4), own)).toBeLessThan(own)
        expect(levelFor(workers * 2 + 1, own)).toBeGreaterThanOrEqual(Math.min(LEVEL_MAX, own + 1))
      })
    )
  })
})

describe('a worker', () => {
  it('stands on its own level once, and above it only on the way up from there', () => {
    fc.assert(
      fc.property(peer, level, (worker, own) => {
        const shards = shardsOf(worker, own)
        expect(shards.filter((shard) => shard.level === own)).toHaveLength(1)
        const { index = 0 } = shards.find((shard) => shard.level === own) ?? {}
        for (const shard of shards) expect(shard.index).toBe(index % 2 ** shard.level)
      })
    )
  })

  it('has the places of a level above among those that it would have there', () => {
    fc.assert(
      fc.property(peer, level, level, (worker, one, other) => {
        const [above, below] = [Math.min(one, other), Math.max(one, other)]
        const onTop = shardsOf(worker, below).filter((shard) => shard.level <= above)
        const names = shardsOf(worker, above).map(name)
        for (const shard of onTop) expect(names).toContain(name(shard))
      })
    )
  })

  it('has two places on the average, however many workers there are', () => {
    const places = peers(4_000).map((worker) => shardsOf(worker, LEVEL_MAX).length)
    const mean = places.reduce((sum, length) => sum + length, 0) / places.length
    expect(mean).toBeGreaterThan(1.8)
    expect(mean).toBeLessThan(2.2)
  })
})

describe('whoever looks from the top', () => {
  it.each([0, 1, 150, 201, 1_000, 10_000])(
    'finds all of %d workers that agree on their number',
    (size) => {
      const all = peers(size)
      const own = levelFor(size, 0)
      const tree = standing(all.map((worker) => [worker, own]))
      const { found, keyCount } = walk(tree)
      expect(found.size).toBe(size)
      expect(keyCount).toBeLessThan(4 * 2 ** own)
      for (const { size: here } of tree.values()) expect(here).toBeLessThan(2 * SHARD_WORKERS)
    }
  )

  it('finds all where each stands on one of two neighbouring levels', () => {
    fc.assert(
      fc.property(fc.integer({ min: 201, max: 4_000 }), fc.nat(100), (size, percent) => {
        const own = levelFor(size, 0)
        const places = peers(size).map((worker, index) => {
          const isBelow = (index * 37) % 100 < percent
          return [worker, isBelow ? own : own - 1] as const
        })
        expect(walk(standing(places)).found.size).toBe(size)
      }),
      { numRuns: 30 }
    )
  })

  it('finds nearly all where some believe in twice as many and some in half', () => {
    for (const size of [300, 1_000, 4_000]) {
      const places = peers(size).map((worker, index) => {
        const believed = [size / 2, size, size * 2][index % 3] ?? size
        return [worker, levelFor(believed, 0)] as const
      })
      expect(walk(standing(places)).found.size).toBeGreaterThan(0.95 * size)
    }
  })

  it('finds those that know nothing yet beside those that do', () => {
    const all = peers(3_000)
    const places = all.map((worker, index) => [worker, index % 10 === 0 ? 0 : 4] as const)
    expect(walk(standing(places)).found.size).toBe(3_000)
  })

  it('has an end, whoever fills the keys', () => {
    const crowd = new Set(peers(SPLIT_WORKERS))
    const full = { get: () => crowd } as unknown as Map<string, Set<string>>
    expect(walk(full).keyCount).toBe(2 ** (LEVEL_MAX + 1) - 1)
  })
})
