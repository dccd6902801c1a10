/** What a map of bounded size keeps. */
import { expect, test } from 'vitest'
import { RecentMap } from '../../../src/core/recent-map.ts'

test('of more than it may hold it forgets what was set longest ago', () => {
  const map = new RecentMap<string, number>(2).set('a', 1).set('b', 2)
  map.set('a', 3).set('c', 4)
  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4]
  ])
})

test('a key that it knows pushes nothing out, and reading changes nothing', () => {
  const map = new RecentMap<string, number>(2).set('a', 1).set('b', 2).set('b', 3)
  expect(map.get('a')).toBe(1)
  map.set('c', 4)
  expect([...map.keys()]).toEqual(['b', 'c'])
})
