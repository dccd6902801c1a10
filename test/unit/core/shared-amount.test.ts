/** An amount that several share. */
import { expect, test } from 'vitest'
import { SharedAmount } from '../../../src/core/shared-amount.ts'
import { deferred } from '../../../src/core/abort.ts'

test('who asks for more than is left waits, and those who come later do not pass', async () => {
  const amount = new SharedAmount(10)
  const events: string[] = []
  const gates = [deferred<void>(), deferred<void>(), deferred<void>()]
  const run = (index: number, size: number): Promise<void> =>
    amount.use(size, async () => {
      events.push(`begin ${index}`)
      await gates[index]?.promise
    })
  const all = [run(0, 6), run(1, 6), run(2, 1)]
  await Promise.resolve()
  expect(events).toEqual(['begin 0'])
  gates[0]?.resolve()
  await all[0]
  expect(events).toEqual(['begin 0', 'begin 1', 'begin 2'])
  gates[1]?.resolve()
  gates[2]?.resolve()
  await Promise.all(all)
})

test('work that fails gives its share back', async () => {
  const amount = new SharedAmount(1)
  await expect(amount.use(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await amount.use(1, async () => 'yes')).toBe('yes')
})

test('those of a lower rank come first, and of one rank as they came', async () => {
  const amount = new SharedAmount(1)
  const order: string[] = []
  const gate = deferred<void>()
  const run = (name: string, rank: number): Promise<void> =>
    amount.use(1, async () => void order.push(name), rank)
  const held = amount.use(1, () => gate.promise)
  const all = [run('c', 1), run('a', 0), run('d', 1), run('b', 0)]
  gate.resolve()
  await Promise.all([held, ...all])
  expect(order).toEqual(['a', 'b', 'c', 'd'])
})
