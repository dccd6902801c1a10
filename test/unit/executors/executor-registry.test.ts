import { expect, it } from 'vitest'
import { BuiltinExecutor } from '../../../src/executors/builtin-executor.ts'
import { ExecutorRegistry } from '../../../src/executors/executor-registry.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
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

it('offers nothing once it has stopped', async () => {
  const registry = new ExecutorRegistry([builtin])
  await registry.start()
  await registry.stop()
  await registry.stop()
  expect(registry.engines()).toEqual([])
})
