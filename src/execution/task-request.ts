/** Reads what EXECUTE_TASK carries to a worker: a task with a router's assignment, or a whole job of one task. */
import { randomUUID } from 'node:crypto'
import { MeshError } from '../core/errors.ts'
import { checkJob, compileJob } from '../model/job.ts'
import { refuseReferences } from '../model/job-references.ts'
import { validatorFor } from '../model/validate.ts'
import type { Assignment, ExecuteTaskParams } from '../model/generated/commands-execute-task.ts'
import type { TaskDocument } from '../model/job.ts'
import type { TaskLimits, TaskOrigin } from '../executors/executor.ts'

/** A task and its limits. */
export interface TaskRequest extends TaskLimits {
  task: TaskDocument
  /** Of the task as it came. */
  bytes: number
  gpuCount: number
  network: boolean
  origin: TaskOrigin | undefined
  seed: string
  submittedAtMs: number
  /** How long it may go on after it was asked to stop, unless who stops it says another time. */
  killAfterMs: number
  /** Labels of its job. */
  labels: Readonly<Record<string, string>>
}

const NO_LABELS = Object.freeze({})

/** What a worker alone cannot do, and must not pass over in silence. */
const ROUTER_FIELDS = ['each', 'needs', 'ops', 'schedule', 'key'] as const

const checkTask = validatorFor<TaskDocument>('job#/$defs/task', 'task')

/**
 * What a command wants done, from whoever it comes to whomever it goes.
 * @throws MeshError FIELD_INVALID for a type of task that nobody here serves
 */
export function taskData(params: ExecuteTaskParams): ExecuteTaskParams['task_data'] {
  const { task_data: data, task_type: type = 'compute' } = params
  if (type === 'compute') return data
  throw new MeshError('FIELD_INVALID', `task_type ${type} is not served yet`, {
    path: 'params.task_type',
    hint: 'use "compute"'
  })
}

/** A job document; one that is only its task gets the rest around it. */
export function asJob(data: ExecuteTaskParams['task_data']): Record<string, unknown> {
  return Object.hasOwn(data, 'engine') ? { task: data } : data
}

/** @throws MeshError FIELD_INVALID and its kin */
export function readTask(
  params: ExecuteTaskParams,
  { bytes, nowMs, taskMemoryBytes }: { bytes: number; nowMs: number; taskMemoryBytes: number }
): TaskRequest {
  const { assignment } = params
  const data = taskData(params)
  if (assignment !== undefined) {
    const task = checkTask(data)
    // A router has put results in their places; an engine could not.
    refuseReferences(task, 'task')
    return {
      task,
      bytes,
      memoryBytesMax: assignment.memory_bytes,
      timeoutMs: assignment.run_timeout_ms,
      cpuCores: assignment.cpu_cores,
      diskBytesMax: assignment.disk_bytes,
      gpuCount: assignment.gpu_count ?? 0,
      network: assignment.network === true,
      origin: originOf(assignment),
      seed: `${assignment.job_id} ${assignment.item}`,
      submittedAtMs: assignment.submitted_at_ms,
      killAfterMs: assignment.kill_after_ms,
      labels: assignment.labels ?? NO_LABELS
    }
  }
  const job = checkJob(asJob(data))
  const forRouters = ROUTER_FIELDS.find((field) => job[field] !== undefined)
  if (forRouters !== undefined) {
    throw new MeshError('FIELD_INVALID', `"${forRouters}" needs a router to see to it`, {
      path: forRouters,
      hint: 'submit the job to a router, or send a single task without it'
    })
  }
  const { hasNetwork, resources, timeouts } = compileJob(job)
  const asksForMemory = job.resources?.memory !== undefined
  return {
    task: job.task,
    bytes,
    memoryBytesMax: asksForMemory ? resources.memoryBytes : taskMemoryBytes,
    timeoutMs: timeouts.runMs,
    cpuCores: resources.cpuCores || undefined,
    diskBytesMax: resources.diskBytes || undefined,
    gpuCount: resources.gpuCount,
    network: hasNetwork,
    origin: undefined,
    seed: randomUUID(),
    submittedAtMs: nowMs,
    killAfterMs: timeouts.stopMs,
    labels: job.labels ?? NO_LABELS
  }
}

function originOf({ attempt, item, job_id: jobId }: Assignment): TaskOrigin {
  return { jobId, item, attempt }
}
