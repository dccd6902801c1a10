/** Reads what EXECUTE_TASK carries to a worker: a task with a router's assignment, or a whole job of one task. */
import { randomUUID } from 'node:crypto'
import { MeshError } from '../core/errors.ts'
import { checkJob, compileJob } from '../model/job.ts'
import { jobOf } from './task-types.ts'
import { programOf } from '../model/job-inputs.ts'
import { readInput } from '../model/input-uri.ts'
import { refuseReferences } from '../model/job-references.ts'
import { validatorFor } from '../model/validate.ts'
import type {
  AssignedTask,
  Assignment,
  ExecuteTaskParams,
  FileSource
} from '../model/generated/commands-execute-task.ts'
import type { InputDocument, OutputWish, TaskDocument } from '../model/job.ts'
import type { InputRequest } from './ports.ts'
import type { TaskLimits, TaskOrigin } from '../executors/executor.ts'

/** A task and its limits. */
export interface TaskRequest extends TaskLimits {
  task: TaskDocument
  inputs: readonly InputDocument[]
  outputs: readonly OutputWish[]
  program: InputRequest['program']
  /** Peers that are said to have some of its inputs. */
  sources: readonly FileSource[]
  /** Until when what it leaves is kept here, in Unix milliseconds. */
  keepUntilMs: number
  /** Of the task as it came. */
  bytes: number
  gpuCount: number
  /** How long its router expects it to run here; undefined where nobody says. */
  expectedMs: number | undefined
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

/** Whoever sends a task without a router fetches what it leaves soon. */
const KEEP_MS = 86_400_000

const checkTask = validatorFor<TaskDocument>('job#/$defs/task', 'task')
const checkAssigned = validatorFor<AssignedTask>('commands/execute-task#/$defs/assignedTask')

/** @throws MeshError FIELD_INVALID and its kin */
export function readTask(
  params: ExecuteTaskParams,
  { bytes, nowMs, taskMemoryBytes }: { bytes: number; nowMs: number; taskMemoryBytes: number }
): TaskRequest {
  const { assignment } = params
  if (assignment !== undefined) {
    const assigned = asAssigned(params.task_data)
    const { task } = assigned
    // A router has put results in their places; an engine could not.
    refuseReferences(task, 'task')
    return {
      ...filesOf(assigned),
      bytes,
      sources: assignment.sources ?? [],
      keepUntilMs: assignment.keep_until_ms ?? nowMs + KEEP_MS,
      memoryBytesMax: assignment.memory_bytes,
      timeoutMs: assignment.run_timeout_ms,
      cpuCores: assignment.cpu_cores,
      diskBytesMax: assignment.disk_bytes,
      gpuCount: assignment.gpu_count ?? 0,
      expectedMs: assignment.expected_ms,
      network: assignment.network === true,
      origin: originOf(assignment),
      seed: `${assignment.job_id} ${assignment.item}`,
      submittedAtMs: assignment.submitted_at_ms,
      killAfterMs: assignment.kill_after_ms,
      labels: assignment.labels ?? NO_LABELS
    }
  }
  const job = checkJob(jobOf(params, nowMs))
  const forRouters = ROUTER_FIELDS.find((field) => job[field] !== undefined)
  if (forRouters !== undefined) {
    throw new MeshError('FIELD_INVALID', `"${forRouters}" needs a router to see to it`, {
      path: forRouters,
      hint: 'submit the job to a router, or send a single task without it'
    })
  }
  refuseCopies(job.task)
  const { hasNetwork, resources, timeouts } = compileJob(job)
  const asksForMemory = job.resources?.memory !== undefined
  return {
    ...filesOf(job),
    bytes,
    sources: [],
    keepUntilMs: nowMs + KEEP_MS,
    memoryBytesMax: asksForMemory ? resources.memoryBytes : taskMemoryBytes,
    timeoutMs: timeouts.runMs,
    cpuCores: resources.cpuCores || undefined,
    diskBytesMax: resources.diskBytes || undefined,
    gpuCount: resources.gpuCount,
    expectedMs: undefined,
    network: hasNetwork,
    origin: undefined,
    seed: randomUUID(),
    submittedAtMs: nowMs,
    killAfterMs: timeouts.stopMs,
    labels: job.labels ?? NO_LABELS
  }
}

/** @throws MeshError FIELD_INVALID where it is not enough that this worker keeps a file */
function refuseCopies(task: TaskDocument): void {
  if (task.engine !== 'storage' || (task.copies ?? 1) === 1) return
  throw new MeshError('FIELD_INVALID', `${task.copies} copies need a router to place them`, {
    path: 'task.copies',
    hint: 'send it to a router, with auto_route, or ask each worker for one copy'
  })
}

/** The task alone, or with its files beside it. */
function asAssigned(data: ExecuteTaskParams['task_data']): AssignedTask {
  return Object.hasOwn(data, 'engine') ? { task: checkTask(data) } : checkAssigned(data)
}

/** @throws MeshError FIELD_INVALID for an input that only a router can bring */
function filesOf({
  inputs = [],
  outputs = [],
  task
}: AssignedTask): Pick<TaskRequest, 'task' | 'inputs' | 'outputs' | 'program'> {
  inputs.forEach((input, index) => {
    const { kind } = readInput(input, `inputs[${index}]`)
    if (kind === 'mesh' || kind === 'inline') return
    throw new MeshError('FIELD_INVALID', `"${input.from.slice(0, 100)}" needs a router`, {
      path: `inputs[${index}].from`,
      hint: 'submit the job to a router, or name a file of the mesh: mesh:sha256:…'
    })
  })
  const program = programOf(task)
  return { task, inputs, outputs, program }
}

function originOf({ attempt, item, job_id: jobId }: Assignment): TaskOrigin {
  return { jobId, item, attempt }
}
