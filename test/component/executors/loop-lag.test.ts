/** What the node itself feels of two hostile functions: its own loop must stay free for its peers. */
import { expect, it } from 'vitest'
import { callByName, createFunctionExecutor, onThread } from '../../support/function-engine.ts'
import { sleep } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'

const PERIOD_MS = 5
const LOOKS = 300
/** Two threads that spin take both processors of a small machine: the system's share is all that is left. */
const LAG_MS_MAX = 100

it('two functions that spin on threads do not hold up the loop', async () => {
  const executor = createFunctionExecutor({ spin: onThread('spin'), count: onThread('count') })
  await executor.start()
  const controller = new AbortController()
  const { signal } = controller
  const hostile = ['spin', 'count'].map((name) => callByName(executor, name, { signal }))
  await sleep(systemClock, 200)
  const lags: number[] = []
  for (let look = 0; look < LOOKS; look += 1) {
    const beforeMs = systemClock.monotonicMs()
    await sleep(systemClock, PERIOD_MS)
    lags.push(systemClock.monotonicMs() - beforeMs - PERIOD_MS)
  }
  controller.abort()
  for (const { error } of await Promise.all(hostile)) expect(error?.code).toBe('TASK_STOPPED')
  await executor.stop()
  const sorted = lags.toSorted((left, right) => left - right)
  expect(sorted[Math.floor(LOOKS * 0.99)]).toBeLessThan(LAG_MS_MAX)
})
