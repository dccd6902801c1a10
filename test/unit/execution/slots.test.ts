/** Slots that are left to what nobody can end, and who of those that wait gets one. */
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { Slots } from '../../../src/execution/slots.ts'
import { deferred } from '../../../src/core/abort.ts'
import { settle } from '../../support/settle.ts'
import type { Claim } from '../../../src/execution/slots.ts'

/** It needs no more than its slot. */
const ANY: Claim = { router: 'a-router', fit: () => 'yes', take: () => {} }

it('a slot that is left behind stays taken until it is over, and nobody who waits for quiet waits for it', async () => {
  const slots = new Slots(new FakeClock(), { slots: 1 })
  const gone = deferred<void>()
  expect(slots.take(ANY, new AbortController().signal)).toBeUndefined()
  const quiet = slots.whenIdle()
  const released = slots.releaseAfter('a-router', gone.promise)
  await quiet
  expect(slots.runningCount).toBe(1)
  const next = slots.take(ANY, new AbortController().signal)
  expect(next).toBeInstanceOf(Promise)
  gone.resolve()
  await released
  await next
  expect(slots.runningCount).toBe(1)
  slots.release('a-router')
  expect(slots.runningCount).toBe(0)
})

/** One slot, which is taken, and a line of tasks that write down their names as they begin. */
function line(fits: Record<string, ReturnType<Claim['fit']>>) {
  const clock = new FakeClock()
  const slots = new Slots(clock, { slots: 1, waitMsMax: 60_000 })
  const begun: string[] = []
  void slots.take(ANY, new AbortController().signal)
  for (const name of Object.keys(fits)) {
    const claim: Claim = { ...ANY, fit: () => fits[name] ?? 'no', take: () => begun.push(name) }
    slots.take(claim, new AbortController().signal)?.catch(() => {})
  }
  return { begun, clock, fits, slots }
}

describe('of those that wait', () => {
  it('the first is first, and each has what it claims before the next is looked at', () => {
    const { begun, slots } = line({ a: 'yes', b: 'yes' })
    slots.release('a-router')
    slots.release('a-router')
    expect(begun).toEqual(['a', 'b'])
  })

  it('one that does not fit is passed by, until it fits', () => {
    const { begun, fits, slots } = line({ a: 'no', b: 'yes', c: 'yes' })
    slots.release('a-router')
    expect(begun).toEqual(['b'])
    fits['a'] = 'yes'
    slots.release('a-router')
    expect(begun).toEqual(['b', 'a'])
  })

  it('one that does not fit leaves its slot to who comes later', () => {
    const { begun, slots } = line({ a: 'no' })
    slots.release('a-router')
    expect(slots.runningCount).toBe(0)
    const claim: Claim = { ...ANY, fit: () => 'yes', take: () => begun.push('late') }
    slots.take(claim, new AbortController().signal)?.catch(() => {})
    expect(begun).toEqual(['late'])
  })

  it('one that would rather wait begins all the same where nobody else can', () => {
    const { begun, slots } = line({ a: 'tight', b: 'no' })
    slots.release('a-router')
    expect(begun).toEqual(['a'])
  })

  it('nobody is passed by for longer than ten seconds', () => {
    const { begun, clock, fits, slots } = line({ a: 'no', b: 'yes' })
    clock.advance(10_000)
    slots.release('a-router')
    expect(begun).toEqual([])
    fits['a'] = 'yes'
    slots.take(ANY, new AbortController().signal)?.catch(() => {})
    expect(begun).toEqual(['a'])
  })

  it('only the first sixteen are looked at', () => {
    const names = Array.from({ length: 16 }, (_, index) => [`t${index}`, 'no'] as const)
    const { begun, slots } = line({ ...Object.fromEntries(names), last: 'yes' })
    slots.release('a-router')
    expect(begun).toEqual([])
  })

  it('those behind one that gives up are not kept from a free slot', async () => {
    const { begun, clock, slots } = line({ a: 'no' })
    clock.advance(59_000)
    const claim: Claim = { ...ANY, fit: () => 'yes', take: () => begun.push('b') }
    slots.take(claim, new AbortController().signal)?.catch(() => {})
    slots.release('a-router')
    expect(begun).toEqual([])
    clock.advance(1_000)
    await settle()
    expect(begun).toEqual(['b'])
  })
})
