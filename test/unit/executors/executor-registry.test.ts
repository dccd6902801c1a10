import { expect, it } from 'vitest'
import { BuiltinExecutor } from '../../../src/executors/builtin-executor.ts'
import { ExecutorRegistry } from '../../../src/executors/executor-registry.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { settle } from '../../support/settle.ts'
import type { Executor } from '../../../src/executors/executor.ts'

const builtin = new BuiltinExecutor({ clock: new FakeClock() })

function javascript(start: () => Promise<void>): Executor {
  return {
    engine: 'javascript',
    isolation: 'sandbox',
    enforces: [],
    allowsNetwork: false,
    names: [],
    refusalOf: () => undefined,
    start,
    stop: async () => {},
    run: () => Promise.reject(new Error('not run here'))
  }
}

it('offers the engines that started', async () => {
  const working = javascript(async () => {})
  const registry = new ExecutorRegistry([working, builtin])
  expect(registry.engines()).toEqual([])
  await registry.start()
  expect(registry.engines()).toEqual(['builtin', 'javascript'])
  expect(registry.get('javascript')).toBe(working)
  expect(registry.problems().size).toBe(0)
})

it('refuses an engine that it does not have', async () => {
  const registry = new ExecutorRegistry([builtin])
  await registry.start()
  expect(() => registry.get('javascript')).toThrow(
    expect.objectContaining({ code: 'ENGINE_UNAVAILABLE', hint: 'it offers: builtin' }) as Error
  )
})

it('leaves out an engine that does not start, and says why', async () => {
  const broken = javascript(() =>
    Promise.reject(new MeshError('SANDBOX_CRASHED', 'no engine here'))
  )
  const registry = new ExecutorRegistry([builtin, broken])
  await registry.start()
  expect(registry.engines()).toEqual(['builtin'])
  expect(registry.problems().get('javascript')?.code).toBe('SANDBOX_CRASHED')
  expect(() => registry.get('javascript')).toThrow(
    expect.objectContaining({ code: 'ENGINE_UNAVAILABLE', hint: 'no engine here' }) as Error
  )
})

it('tries an engine again that did not start, ever less often, until it does', async () => {
  const clock = new FakeClock()
  let tries = 0
  const slow = javascript(async () => {
    tries += 1
    if (tries < 4) throw new MeshError('SANDBOX_CRASHED', 'not up in time')
  })
  const registry = new ExecutorRegistry([builtin, slow])
  await registry.start()
  const offered: string[] = []
  registry.keepTrying(clock, (engine) => offered.push(engine))
  for (const [waitMs, triesThen] of [
    [14_999, 1],
    [1, 2],
    [30_000, 3],
    [59_999, 3]
  ] as const) {
    clock.advance(waitMs)
    await settle()
    expect(tries).toBe(triesThen)
    expect(registry.engines()).toEqual(['builtin'])
  }
  clock.advance(1)
  await settle()
  expect(registry.engines()).toEqual(['builtin', 'javascript'])
  expect(offered).toEqual(['javascript'])
  expect(registry.problems().size).toBe(0)
  await registry.stop()
})

it('tries nothing any more once it has stopped, and waits for the try that is under way', async () => {
  const clock = new FakeClock()
  const gate = Promise.withResolvers<void>()
  const story: string[] = []
  const broken = {
    ...javascript(async () => {
      story.push('start')
      if (story.length > 1) await gate.promise
      throw new MeshError('SANDBOX_CRASHED', 'no engine here')
    }),
    stop: async () => void story.push('stop')
  }
  const registry = new ExecutorRegistry([broken])
  await registry.start()
  registry.keepTrying(clock, () => expect.unreachable())
  clock.advance(15_000)
  await settle()
  const stopped = registry.stop()
  gate.resolve()
  await stopped
  clock.advance(3_600_000)
  await settle()
  expect(story).toEqual(['start', 'start', 'stop'])
})

it('offers nothing once it has stopped', async () => {
  const registry = new ExecutorRegistry([builtin])
  await registry.start()
  await registry.stop()
  await registry.stop()
  expect(registry.engines()).toEqual([])
})
