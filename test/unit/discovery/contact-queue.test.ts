/** In what order a router introduces itself to workers. */
import { expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { ContactQueue } from '../../../src/discovery/contact-queue.ts'

/** A queue whose contacts last until they are ended. */
function play(atOnceMax: number): {
  queue: ContactQueue
  clock: FakeClock
  begun: string[]
  add: (peer: string, rank: Parameters<ContactQueue['add']>[1]) => void
  end: (peer: string) => Promise<void>
} {
  const clock = new FakeClock()
  const queue = new ContactQueue(clock, atOnceMax)
  const begun: string[] = []
  const running = new Map<string, PromiseWithResolvers<void>>()
  return {
    queue,
    clock,
    begun,
    add: (peer, rank) =>
      queue.add(peer, rank, async () => {
        begun.push(peer)
        const work = Promise.withResolvers<void>()
        running.set(peer, work)
        await work.promise
      }),
    end: async (peer) => {
      running.get(peer)?.resolve()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

it('begins so many at once, and the next with each end', async () => {
  const { add, begun, end, queue } = play(2)
  for (const peer of ['a', 'b', 'c', 'd']) add(peer, 'found')
  expect(begun).toEqual(['a', 'b'])
  expect(queue.waitingCount).toBe(2)
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
})

it('takes those first that somebody waits for, the others in turns', async () => {
  const { add, begun, end } = play(1)
  add('first', 'found')
  for (const peer of ['f1', 'f2', 'f3']) add(peer, 'found')
  for (const peer of ['t1', 't2']) add(peer, 'tried')
  add('a1', 'awaited')
  add('a2', 'awaited')
  for (let turn = 0; turn < 8; turn += 1) await end(begun.at(-1) ?? '')
  expect(begun.slice(0, 3)).toEqual(['first', 'a1', 'a2'])
  const rest = begun.slice(3)
  expect(rest.filter((peer) => peer.startsWith('f'))).toEqual(['f1', 'f2', 'f3'])
  expect(rest.findIndex((peer) => peer === 't2')).toBeLessThan(4)
})

it('has one place for each, which it keeps, and may be hastened', async () => {
  const { add, begun, end, queue } = play(1)
  add('now', 'found')
  add('x', 'found')
  add('y', 'found')
  add('z', 'tried')
  add('x', 'tried')
  expect(queue.waitingCount).toBe(3)
  queue.hasten('z')
  queue.hasten('nobody')
  await end('now')
  expect(begun.at(-1)).toBe('z')
  add('y', 'awaited')
  await end('z')
  expect(begun.at(-1)).toBe('y')
  queue.remove('x')
  await end('y')
  expect(begun).toEqual(['now', 'z', 'y'])
  expect(queue.waitingCount).toBe(0)
})

it('gives the place of one that does not answer to the next, and has no more for it afterwards', async () => {
  const { add, begun, clock, end } = play(1)
  for (const peer of ['dead', 'a', 'b', 'c']) add(peer, 'found')
  clock.advance(999)
  expect(begun).toEqual(['dead'])
  clock.advance(1)
  expect(begun).toEqual(['dead', 'a'])
  await end('dead')
  expect(begun).toEqual(['dead', 'a'])
  await end('a')
  await end('b')
  await end('c')
  expect(begun).toEqual(['dead', 'a', 'b', 'c'])
  expect(clock.timerCount).toBe(0)
})

it('forgets all that has not begun', async () => {
  const { add, begun, end, queue } = play(1)
  add('a', 'found')
  add('b', 'awaited')
  queue.clear()
  await end('a')
  expect(begun).toEqual(['a'])
})
