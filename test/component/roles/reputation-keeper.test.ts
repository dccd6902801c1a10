/** The ledger over restarts: saved when it has changed, and never replaced by an empty one. */
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { FailingStore } from '../../support/failing-store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ReputationKeeper } from '../../../src/roles/reputation-keeper.ts'
import { settle } from '../../support/build-engine.ts'
import { steadyTime } from '../../../src/core/clock.ts'

function createKeeper(store: FailingStore, clock = new FakeClock()): ReputationKeeper {
  const logger = pino({ level: 'silent' })
  return new ReputationKeeper({ store, clock, logger, nowMs: steadyTime(clock) })
}

test('what was seen is known after a restart, even one without a goodbye', async () => {
  const store = new FailingStore()
  const clock = new FakeClock()
  const first = createKeeper(store, clock)
  await first.start()
  first.record({ kind: 'completed', workerId: 'w', latencyMs: 5 })
  first.record({ kind: 'failed', workerId: 'w', blame: 'worker', code: 'SANDBOX_CRASHED' })
  clock.advance(10_000)
  await settle()
  const second = createKeeper(store, clock)
  await second.start()
  expect(second.of('w')).toMatchObject({ successCount: 1, failureCount: 1, averageLatencyMs: 5 })
  expect(second.list()).toHaveLength(1)
  await Promise.all([first.stop(), second.stop()])
  expect(clock.timerCount).toBe(0)
})

test('nothing is written while nothing changes, and a failed write is made up for', async () => {
  const store = new FailingStore()
  const clock = new FakeClock()
  const keeper = createKeeper(store, clock)
  await keeper.start()
  clock.advance(60_000)
  keeper.record({ kind: 'failed', workerId: 'w', blame: 'job', code: 'TASK_FAILED' })
  clock.advance(60_000)
  await settle()
  expect(store.written).toEqual([])
  store.fails = () => true
  keeper.record({ kind: 'completed', workerId: 'w', latencyMs: 5 })
  clock.advance(10_000)
  await settle()
  store.fails = () => false
  await keeper.stop()
  expect(store.written).toEqual(['note'])
})

test('a ledger that could not be read is not written over', async () => {
  const store = new FailingStore()
  await store.apply([{ kind: 'note', name: 'reputation', text: '{"version":99}' }])
  const keeper = createKeeper(store)
  await expect(keeper.start()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await keeper.stop()
  expect(await store.note('reputation')).toBe('{"version":99}')
})
