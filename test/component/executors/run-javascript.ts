/** Short ways to run JavaScript tasks in a real sandbox. */
import { recordRun } from '../../conformance/executor-recorder.ts'
import { JavascriptExecutor } from '../../../src/executors/javascript/javascript-executor.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { JavascriptTask } from '../../../src/model/generated/job.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { TaskOutcome } from '../../../src/executors/executor.ts'
import type { TaskTerms } from '../../support/task-terms.ts'

export interface RunOptions extends Partial<TaskTerms> {
  input?: unknown
  /** Further fields of the task. */
  fields?: Partial<JavascriptTask>
}

export const MIB: number = 2 ** 20

export function createExecutor(size: number): JavascriptExecutor {
  return new JavascriptExecutor({ clock: systemClock }, { size })
}

export function runSource(
  executor: JavascriptExecutor,
  source: string,
  { fields = {}, input = null, ...more }: RunOptions = {}
): Promise<RecordedOutcome> {
  const task: JavascriptTask = { engine: 'javascript', source, input: input as null, ...fields }
  const terms = taskTerms({ memoryBytesMax: 64 * MIB, ...more })
  return recordRun((listener) => executor.run({ task, ...terms, ...listener }), more)
}

/** `TASK_FAILED: message`, or the output. */
export function summary({ error, output }: TaskOutcome): string | undefined {
  return error === undefined ? output : `${error.code}: ${error.message}`
}
