/** Work under names: one at a time for each, in the order of coming. */
import { expect, test } from 'vitest'
import { NamedLocks } from '../../../src/dispatch/intake/named-locks.ts'
import { settle } from '../../support/build-intake.ts'

test('work under one name waits for what came before, under another it does not', async () => {
  const locks = new NamedLocks()
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = locks.hold(['a'], async () => {
    await gate.promise
    order.push('first')
  })
  const second = locks.hold(['a', 'b'], async () => void order.push('second'))
  const third = locks.hold(['b'], async () => void order.push('third'))
  await locks.hold(['c'], async () => void order.push('elsewhere'))
  await settle()
  expect(order).toEqual(['elsewhere'])
  gate.resolve()
  await Promise.all([first, second, third])
  expect(order).toEqual(['elsewhere', 'first', 'second', 'third'])
})

test('names that are taken in different orders never wait in a circle', async () => {
  const locks = new NamedLocks()
  const both = [locks.hold(['a', 'b'], settle), locks.hold(['b', 'a'], settle)]
  await expect(Promise.all(both)).resolves.toHaveLength(2)
})

test('work that fails leaves its name to the next', async () => {
  const locks = new NamedLocks()
  const failed = locks.hold(['a'], async () => await Promise.reject(new Error('no')))
  const next = locks.hold(['a'], async () => 'done')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('done')
})

test('the same name twice is one name', async () => {
  expect(await new NamedLocks().hold(['a', 'a'], async () => 1)).toBe(1)
})
