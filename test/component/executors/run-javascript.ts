/** Short ways to run JavaScript tasks in a real sandbox. */
import { recordRun } from '../../conformance/executor-recorder.ts'
import { JavascriptExecutor } from '../../../src/executors/javascript-executor.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { Listener, RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { TaskOutcome } from '../../../src/executors/executor.ts'

export interface RunOptions extends Partial<Listener> {
  input?: unknown
  timeoutMs?: number
  memoryBytesMax?: number
  signal?: AbortSignal
}

export const MIB: number = 2 ** 20

export function createExecutor(size: number): JavascriptExecutor {
  return new JavascriptExecutor({ clock: systemClock }, { size })
}

export function runSource(
  executor: JavascriptExecutor,
  source: string,
  options: RunOptions = {}
): Promise<RecordedOutcome> {
  const run = {
    task: { engine: 'javascript', source, input: (options.input ?? null) as null } as const,
    timeoutMs: options.timeoutMs ?? 30_000,
    memoryBytesMax: options.memoryBytesMax ?? 64 * MIB,
    signal: options.signal ?? new AbortController().signal
  }
  return recordRun((listener) => executor.run({ ...run, ...listener }), options)
}

/** `TASK_FAILED: message`, or the output. */
export function summary({ error, output }: TaskOutcome): string | undefined {
  return error === undefined ? output : `${error.code}: ${error.message}`
}
