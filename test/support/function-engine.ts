/** Engine `function` for tests. */
import { FunctionExecutor } from '../../src/executors/function/function-executor.ts'
import { recordRun } from '../conformance/executor-recorder.ts'
import { systemClock } from '../../src/core/clock.ts'
import type {
  FunctionDefinitions,
  ModuleFunction
} from '../../src/executors/function/definitions.ts'
import type { Json } from '../../src/core/json.ts'
import type { Listener, RecordedOutcome } from '../conformance/executor-recorder.ts'

export interface CallOptions extends Partial<Listener> {
  input?: Json
  timeoutMs?: number
  signal?: AbortSignal
}

const MODULE = new URL('../component/executors/fixtures/thread-functions.ts', import.meta.url)

/** One of the fixture's functions, on threads. */
export function onThread(name: string, options: Partial<ModuleFunction> = {}): ModuleFunction {
  return { module: MODULE, export: name, ...options }
}

export function createFunctionExecutor(functions: FunctionDefinitions): FunctionExecutor {
  const defaults = { concurrency: 3, memoryBytesMax: 64 * 2 ** 20 }
  return new FunctionExecutor({ clock: systemClock }, { ...defaults, functions })
}

export function callByName(
  executor: FunctionExecutor,
  name: string,
  { input, signal, timeoutMs = 30_000, ...ears }: CallOptions = {}
): Promise<RecordedOutcome> {
  const run = {
    task: { engine: 'function', name, ...(input === undefined ? {} : { input }) } as const,
    timeoutMs,
    memoryBytesMax: 64 * 2 ** 20,
    signal: signal ?? new AbortController().signal
  }
  return recordRun((listener) => executor.run({ ...run, ...listener }), ears)
}
