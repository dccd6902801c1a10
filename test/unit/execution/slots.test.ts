/** Slots that are left to what nobody can end. */
import { expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { Slots } from '../../../src/execution/slots.ts'
import { deferred } from '../../../src/core/abort.ts'

it('a slot that is left behind stays taken until it is over, and nobody who waits for quiet waits for it', async () => {
  const slots = new Slots(new FakeClock(), { slots: 1 })
  const gone = deferred<void>()
  expect(slots.take(new AbortController().signal)).toBeUndefined()
  const quiet = slots.whenIdle()
  const released = slots.releaseAfter(gone.promise)
  await quiet
  expect(slots.runningCount).toBe(1)
  const next = slots.take(new AbortController().signal)
  expect(next).toBeInstanceOf(Promise)
  gone.resolve()
  await released
  await next
  expect(slots.runningCount).toBe(1)
  slots.release()
  expect(slots.runningCount).toBe(0)
})
