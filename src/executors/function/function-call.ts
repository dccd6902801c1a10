/** One call of a function, wherever it runs: what it is given, and its end as plain data. */
import { FunctionReports } from './function-reports.ts'
import { encodeResult } from './function-result.ts'
import { faultOfThrown } from './function-fault.ts'
import type { Clock } from '../../core/clock.ts'
import type { FunctionFault } from './function-fault.ts'
import type { FunctionContext, TaskFunction } from './definitions.ts'
import type { TaskRun } from '../executor.ts'

/** What a function is called with, and who hears what it says. */
export interface FunctionCall extends Pick<
  TaskRun,
  'onLog' | 'onProgress' | 'origin' | 'seed' | 'signal'
> {
  input: unknown
  inputs: FunctionContext['inputs']
  outputFolder: FunctionContext['outputFolder']
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
  fault?: FunctionFault
  /** What it wrote beyond the bound of its log. */
  droppedBytes: number
  /** Processor time of its thread; absent where others share that thread. */
  cpuMs?: number
}

/** @param reports made for this call alone. Never rejects: whatever a function throws is its end. */
export async function callFunction(
  run: TaskFunction,
  { input, origin: job, ...task }: Omit<FunctionCall, 'onLog' | 'onProgress'>,
  reports: FunctionReports
): Promise<FunctionEnd> {
  let end: Omit<FunctionEnd, 'droppedBytes'>
  try {
    end = encodeResult(await run(input, reports.context({ job, ...task })))
  } catch (thrown) {
    end = { fault: faultOfThrown(thrown) }
  }
  reports.finish()
  return { ...end, droppedBytes: reports.droppedBytes }
}

/** A call on the node's own thread. */
export function callInline(clock: Clock, run: TaskFunction, call: FunctionCall): RunningCall {
  return { ended: callFunction(run, call, new FunctionReports(clock, call)) }
}
