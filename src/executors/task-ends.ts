/** Ends of a task that read the same whatever its engine: what it is told, and the outcome of one that never began. */
import { MeshError } from '../core/errors.ts'
import { formatDuration } from '../core/units.ts'
import type { TaskOutcome } from './executor.ts'

export function timedOut(timeoutMs: number): MeshError {
  return new MeshError(
    'TASK_TIMED_OUT',
    `the task ran longer than its ${formatDuration(timeoutMs)}`
  )
}

export function stopped(): MeshError {
  return new MeshError('TASK_STOPPED', 'the task was stopped')
}

export function stopping(): MeshError {
  return new MeshError('WORKER_STOPPING', 'the worker stopped while the task ran')
}

/** Of a task that was ended, or found wrong, before anything of it ran. */
export function neverBegan(error: MeshError): TaskOutcome {
  return { error, logsDroppedBytes: 0, usage: { wallMs: 0 } }
}
