/** Short ways to run WebAssembly programs in a real sandbox. */
import { WasmExecutor } from '../../../src/executors/wasm/wasm-executor.ts'
import { MIB } from './run-javascript.ts'
import { readWasmFixture } from '../../support/wasm-fixture.ts'
import { recordRun } from '../../conformance/executor-recorder.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { TaskTerms } from '../../support/task-terms.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { TaskFile } from '../../../src/model/task-files.ts'
import type { WasmFixture } from '../../support/wasm-fixture.ts'
import type { WasmExecutorInit } from '../../../src/executors/wasm/wasm-executor.ts'
import type { WasmTask } from '../../../src/model/generated/job.ts'

/** What a program gets beside its arguments. */
export type WasmInput = Omit<WasmTask, 'engine' | 'module' | 'args'>

export interface WasmResult {
  exit_code: number
  stdout?: string
  stdout_base64?: string
  files?: (TaskFile & { bytes: number })[]
}

/** The program with many habits, see `probe.c`. */
export const PROBE: string = wasmFixture('probe')

export function wasmFixture(name: WasmFixture): string {
  return toModule(readWasmFixture(name))
}

export function toModule(bytes: Uint8Array): string {
  return `base64:${Buffer.from(bytes).toString('base64')}`
}

export function createWasmExecutor(init: WasmExecutorInit = {}): WasmExecutor {
  return new WasmExecutor({ clock: systemClock }, init)
}

export function runModule(
  executor: WasmExecutor,
  task: Omit<WasmTask, 'engine'>,
  more: Partial<TaskTerms> = {}
): Promise<RecordedOutcome> {
  const terms = taskTerms({ memoryBytesMax: 64 * MIB, ...more })
  return recordRun(
    (listener) => executor.run({ task: { engine: 'wasm', ...task }, ...terms, ...listener }),
    more
  )
}

export function resultOf({ error, output }: RecordedOutcome): WasmResult {
  if (error !== undefined) throw error
  return JSON.parse(output ?? '') as WasmResult
}
