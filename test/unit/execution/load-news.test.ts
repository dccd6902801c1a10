/** Which routers are told of a worker's load before the next beat, and when. */
import { beforeEach, expect, it } from 'vitest'
import { LoadNews } from '../../../src/execution/load-news.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { Mood } from '../../../src/execution/load-news.ts'

let clock: FakeClock
let told: string[]
let news: LoadNews

beforeEach(() => {
  clock = new FakeClock()
  told = []
  const links = {
    isConnected: (peer: string) => peer !== 'gone',
    tell: (peer: string) => {
      told.push(`${peer} ${clock.monotonicMs()}`)
      news.told(peer)
    }
  }
  news = new LoadNews({ clock, links })
})

const change = (mood: Mood, hasNewRoom = false): void => news.changed({ mood, hasNewRoom })

/** They have sent a task each, which was refused with a report. */
function refuse(...routers: string[]): void {
  for (const router of routers) {
    news.came(router, 1)
    news.refused(router)
    news.told(router)
  }
}

it('one that was refused hears of room, one for each task that ends, in their order', () => {
  change('full')
  refuse('a', 'b', 'a', 'c')
  change('full', true)
  expect(told).toEqual(['a 0'])
  change('some', true)
  change('some', true)
  change('some', true)
  expect(told).toEqual(['a 0', 'b 0', 'c 0'])
})

it('a task that ends where no other one would be let in is no news', () => {
  change('full')
  refuse('a')
  change('full', false)
  expect(told).toEqual([])
})

it('all that were refused hear of it when nothing is left to end', () => {
  change('full')
  refuse('a', 'b', 'c')
  change('idle', true)
  expect(told).toEqual(['a 0', 'b 0', 'c 0'])
  clock.advance(10_000)
  expect(told).toHaveLength(3)
  expect(clock.timerCount).toBe(0)
})

it('two words to one router are 20 ms apart, and a report in between makes the second one needless', () => {
  change('full')
  refuse('a')
  change('full', true)
  refuse('a')
  change('full', true)
  clock.advance(19)
  expect(told).toEqual(['a 0'])
  clock.advance(1)
  expect(told).toEqual(['a 0', 'a 20'])
  refuse('a')
  change('some', true)
  news.told('a')
  clock.advance(300)
  expect(told).toHaveLength(2)
})

it('a router that has heard nothing for a while is told of a worker that is idle or full', () => {
  news.came('a', 1)
  clock.advance(1_000)
  change('some')
  expect(told).toEqual([])
  change('full')
  expect(told).toEqual(['a 1000'])
  change('some')
  change('idle')
  clock.advance(249)
  expect(told).toHaveLength(1)
  clock.advance(1)
  expect(told).toEqual(['a 1000', 'a 1250'])
})

it('what has passed by then is no news', () => {
  news.came('a', 1)
  change('full')
  change('some')
  change('idle')
  clock.advance(1_000)
  expect(told).toEqual([])
  expect(clock.timerCount).toBe(0)
})

it('room for one that was refused does not wait for the quiet', () => {
  change('full')
  refuse('a')
  clock.advance(1)
  change('some')
  change('idle', true)
  expect(told).toEqual(['a 1'])
})

it('counts the routers that are connected and have sent tasks, and knows the last one of each', () => {
  expect(news.seenOf('a')).toBe(0)
  news.came('a', 7)
  news.came('a', 8)
  news.came('b', undefined)
  news.came('gone', 3)
  expect(news.routerCount).toBe(2)
  expect(['a', 'b', 'gone'].map((router) => news.seenOf(router))).toEqual([8, 0, 0])
  // A restarted router counts from 1 again.
  news.came('a', 1)
  expect(news.seenOf('a')).toBe(1)
  news.closed('a')
  expect(news.routerCount).toBe(1)
  expect(news.seenOf('a')).toBe(0)
})

it('nobody is told after the end', () => {
  change('full')
  news.came('a', 1)
  change('idle')
  news.close()
  expect(clock.timerCount).toBe(0)
})
