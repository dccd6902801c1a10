/** The time between a task's slot and its run: what it needs of the mesh comes here, for so long and no longer. */
import { LIMITS } from '../core/limits.ts'
import { formatBytes, formatDuration } from '../core/units.ts'
import { withTimeLimit } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { ReadyInputs, TaskFiles } from './ports.ts'
import type { Task } from './task.ts'

export interface InputPhaseComponents {
  clock: Clock
  files: TaskFiles
}

/** Of a task that needs nothing. */
export const NO_INPUTS: ReadyInputs = {
  inputs: [],
  programPath: undefined,
  fetchedBytes: 0,
  release: async () => {}
}

export function needsInputs({ request }: Task): boolean {
  return request.inputs.length > 0 || request.program !== undefined
}

/** @throws MeshError as `TaskFiles.fetch` */
export async function fetchInputs(
  { clock, files }: InputPhaseComponents,
  task: Task,
  signal: AbortSignal
): Promise<ReadyInputs> {
  const { diskBytesMax, inputs, program, sources } = task.request
  const limit = {
    clock,
    signal,
    timeoutMs: LIMITS.fetchMsMax,
    code: 'FILE_UNAVAILABLE',
    message: `its inputs did not come within ${formatDuration(LIMITS.fetchMsMax)}`
  } as const
  const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }): void => {
    if (task.phase !== 'fetching' || totalBytes === 0) return
    const text = `input ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`
    task.progress = { ratio: Math.min(1, bytes / totalBytes), text }
    task.onNews?.()
  }
  return await withTimeLimit(limit, (inTime) =>
    files.fetch({ diskBytesMax, inputs, program, sources }, { onProgress, signal: inTime })
  )
}
