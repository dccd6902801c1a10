/** What the node itself feels of two hostile functions: its own loop must stay free for its peers. */
import { expect, it } from 'vitest'
import { callByName, createFunctionExecutor, onThread } from '../../support/function-engine.ts'
import { deferred, sleep } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'

const TURNS = 300

it('two functions that spin on threads do not hold up the loop', async () => {
  const executor = createFunctionExecutor({ spin: onThread('sayAndSpin') })
  await executor.start()
  const stopping = new AbortController()
  const spinning = [deferred<void>(), deferred<void>()]
  const ended = spinning.map(({ resolve }) =>
    callByName(executor, 'spin', { signal: stopping.signal, onLog: () => resolve() })
  )
  await Promise.all(spinning.map(({ promise }) => promise))
  // How quick each turn is depends on the machine; a loop that shared a thread with them would have none.
  for (let turn = 0; turn < TURNS; turn += 1) await sleep(systemClock, 1)
  stopping.abort()
  for (const { error } of await Promise.all(ended)) expect(error?.code).toBe('TASK_STOPPED')
  await executor.stop()
})
