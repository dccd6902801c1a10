/**
 * Reads a process task as a worker may trust it: checked once more, and its bytes decoded. Pure; which programs are
 * allowed is for `program-list.ts` to say.
 */
import { checkTaskContent } from '../../model/task-content.ts'
import { bytesOfText, readTaskFiles } from '../../model/task-files.ts'
import type { ProcessTask } from '../../model/generated/job.ts'

export interface ProcessRequest {
  argv: readonly [string, ...string[]]
  env: Readonly<Record<string, string>>
  stdin: Uint8Array | undefined
  files: ReadonlyMap<string, Uint8Array>
  /** Paths below the working folder, each once. */
  outputs: readonly string[]
}

/** @throws MeshError FIELD_INVALID */
export function readProcessTask(task: ProcessTask): ProcessRequest {
  checkTaskContent(task.engine, task, 'task')
  return { ...readContent(task), argv: readArguments(task.argv), env: task.env ?? {} }
}

/** @param argv that has been checked */
export function readArguments([program = '', ...rest]: readonly string[]): ProcessRequest['argv'] {
  return [program, ...rest]
}

/** What engines that run programs read alike. @param task that has been checked */
export function readContent(
  task: Pick<ProcessTask, 'files' | 'outputs' | 'stdin'>
): Pick<ProcessRequest, 'files' | 'outputs' | 'stdin'> {
  return {
    stdin: task.stdin === undefined ? undefined : bytesOfText(task.stdin, 'task.stdin'),
    files: readTaskFiles(task.files ?? [], 'task.files'),
    outputs: [...new Set(task.outputs ?? [])]
  }
}
