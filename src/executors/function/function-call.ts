/** One call of a function, wherever it runs: what it is given, and its end as plain data. */
import { FAULT_MESSAGE_LENGTH_MAX } from '../sandbox/messages.ts'
import { FunctionReports } from './function-reports.ts'
import { LIMITS } from '../../core/limits.ts'
import { messageOf } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { TaskFunction } from './definitions.ts'
import type { TaskRun } from '../executor.ts'

/** What a function is called with, and who hears what it says. */
export interface FunctionCall extends Pick<TaskRun, 'onLog' | 'onProgress' | 'signal'> {
  input: unknown
}

/** A call under way. */
export interface RunningCall {
  /** Resolves when nothing of it is left; never rejects. */
  ended: Promise<FunctionEnd>
  /** Ends it by force; absent where that can't be done. */
  kill?: () => void
}

export interface FunctionEnd {
  /** JSON text of what it returned; absent when it failed. */
  output?: string
  fault?: { code: FunctionFault; message: string }
  /** What it wrote beyond the bound of its log. */
  droppedBytes: number
}

export type FunctionFault = 'TASK_FAILED' | 'TASK_OUT_OF_MEMORY' | 'TASK_OUTPUT_TOO_LARGE'

/** Never rejects: whatever a function throws is its end. */
export async function callFunction(
  clock: Clock,
  run: TaskFunction,
  { input, signal, ...listener }: FunctionCall
): Promise<FunctionEnd> {
  const reports = new FunctionReports(clock, listener)
  let end: Omit<FunctionEnd, 'droppedBytes'>
  try {
    end = encode(await run(input, reports.context(signal)))
  } catch (cause) {
    end = failed('TASK_FAILED', messageOf(cause))
  }
  reports.finish()
  return { ...end, droppedBytes: reports.droppedBytes }
}

export function failed(code: FunctionFault, message: string): FunctionEnd {
  return { fault: { code, message: message.slice(0, FAULT_MESSAGE_LENGTH_MAX) }, droppedBytes: 0 }
}

function encode(returned: unknown): Omit<FunctionEnd, 'droppedBytes'> {
  let output: string | undefined
  try {
    output = JSON.stringify(returned)
  } catch (cause) {
    return failed('TASK_FAILED', `it returned what JSON cannot hold: ${messageOf(cause)}`)
  }
  // Functions and symbols are nothing in JSON, as `undefined` is.
  if (output === undefined) return { output: 'null' }
  return Buffer.byteLength(output) > LIMITS.resultBytesMax
    ? failed('TASK_OUTPUT_TOO_LARGE', `the result is longer than ${LIMITS.resultBytesMax} bytes`)
    : { output }
}
