/** Engine `function` for tests. */
import { afterAll } from 'vitest'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { FunctionExecutor } from '../../src/executors/function/function-executor.ts'
import { recordRun } from '../conformance/executor-recorder.ts'
import { systemClock } from '../../src/core/clock.ts'
import { taskTerms } from './task-terms.ts'
import type {
  FunctionDefinitions,
  ModuleFunction
} from '../../src/executors/function/definitions.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { FunctionExecutorInit } from '../../src/executors/function/function-executor.ts'
import type { TaskTerms } from './task-terms.ts'
import type { Json } from '../../src/core/json.ts'
import type { RecordedOutcome } from '../conformance/executor-recorder.ts'

export interface CallOptions extends Partial<TaskTerms> {
  input?: Json
}

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

const MODULE = new URL('../component/executors/fixtures/thread-functions.ts', import.meta.url)

/** One of the fixture's functions, on threads. */
export function onThread(name: string, options: Partial<ModuleFunction> = {}): ModuleFunction {
  return { module: MODULE, export: name, ...options }
}

export function createFunctionExecutor(
  functions: FunctionDefinitions,
  { clock = systemClock, ...more }: Partial<FunctionExecutorInit> & { clock?: Clock } = {}
): FunctionExecutor {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-function-test-'))
  folders.push(folder)
  const defaults = { folder, concurrency: 3, memoryBytesMax: 64 * 2 ** 20 }
  return new FunctionExecutor({ clock }, { ...defaults, functions, graceMs: 100, ...more })
}

/** What is stopped is ended at once, unless `more` says otherwise. */
export function callByName(
  executor: FunctionExecutor,
  name: string,
  { input, ...more }: CallOptions = {}
): Promise<RecordedOutcome> {
  const task = { engine: 'function', name, ...(input === undefined ? {} : { input }) } as const
  const killSignal = more.signal ?? new AbortController().signal
  const terms = taskTerms({ memoryBytesMax: 64 * 2 ** 20, killSignal, ...more })
  return recordRun((listener) => executor.run({ task, ...terms, ...listener }), more)
}
