/** Short ways to run WebAssembly programs in a real sandbox. */
import { readFileSync } from 'node:fs'
import { WasmExecutor } from '../../../src/executors/wasm-executor.ts'
import { MIB } from './run-javascript.ts'
import { recordRun } from '../../conformance/executor-recorder.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { TaskTerms } from '../../support/task-terms.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { TaskFile } from '../../../src/executors/task-files.ts'
import type { WasmExecutorInit } from '../../../src/executors/wasm-executor.ts'
import type { WasmTask } from '../../../src/model/generated/job.ts'

/** What a program gets beside its arguments. */
export type WasmInput = Pick<WasmTask, 'env' | 'stdin' | 'files' | 'outputs'>

export interface WasmResult {
  exit_code: number
  stdout?: string
  stdout_base64?: string
  files?: (TaskFile & { bytes: number })[]
}

/** The program with many habits, see `probe.c`. */
export const PROBE: string = wasmFixture('probe')

export function wasmFixture(name: string): string {
  return toModule(readFileSync(new URL(`../../fixtures/wasm/${name}.wasm`, import.meta.url)))
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
