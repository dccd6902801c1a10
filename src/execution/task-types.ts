/**
 * What EXECUTE_TASK wants done, as a job document, whatever the type of its task: a job or its task alone, a file
 * that is to be kept, or one that somebody is to have so that others can.
 */
import { parseUntil } from '../core/moment.ts'
import { readFileId } from '../model/file-id.ts'
import { toMeshUri } from '../model/input-uri.ts'
import type { ExecuteTaskParams } from '../model/generated/commands-execute-task.ts'

type TaskData = ExecuteTaskParams['task_data']

/** Who shares a file further than this keeps it by a storage task of its own. */
const SHARED_FOR = '24h'
const PATH = 'params.task_data'

/** @throws MeshError FIELD_INVALID */
export function jobOf(
  { task_data: data, task_type: type = 'compute' }: ExecuteTaskParams,
  nowMs: number
): Record<string, unknown> {
  if (Object.hasOwn(data, 'engine')) return { task: data }
  if (Object.hasOwn(data, 'task')) return data
  switch (type) {
    case 'compute':
      return data
    case 'storage':
      return { task: storageTask(data, nowMs) }
    case 'file_share':
      return { task: storageTask({ copies: 1, until: SHARED_FOR, ...data }, nowMs) }
  }
}

/** What else stands there is checked with the task. */
function storageTask(
  { file_hash: hash, until, ...asked }: TaskData,
  nowMs: number
): Record<string, unknown> {
  const file = typeof hash === 'string' ? toMeshUri(readFileId(hash, `${PATH}.file_hash`)) : hash
  const untilMs = typeof until === 'string' ? parseUntil(until, `${PATH}.until`, nowMs) : undefined
  return {
    engine: 'storage',
    ...(file === undefined ? {} : { file }),
    ...asked,
    ...(until === undefined ? {} : { until: untilMs === undefined ? until : momentOf(untilMs) })
  }
}

function momentOf(atMs: number): string {
  return new Date(atMs).toISOString()
}
