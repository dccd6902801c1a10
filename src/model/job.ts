/**
 * A job document, checked, and what its items are. The one place where the names of job files become
 * the names of the code, together with `job-plan.ts`, which compiles what is asked of a worker.
 */
import { checkReferences } from './job-references.ts'
import { checkInputs, inputsOfItem, needsOf, withPlainProgram } from './job-inputs.ts'
import { checkTaskContent } from './task-content.ts'
import {
  DISK_BYTES_MAX,
  GPU_ENGINES,
  MEMORY_BYTES_MIN,
  NETWORK_ENGINES,
  STORAGE_COPIES
} from './engines.ts'
import { compileSpec, specOf } from './job-plan.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { formatBytes, parseBytes } from '../core/units.ts'
import { readMeshFile } from './input-uri.ts'
import { parseMoment } from '../core/moment.ts'
import { validatorFor } from './validate.ts'
import type { ItemDocument, JobDocument, TaskDocument } from './generated/job.ts'
import type { AssignedTask } from './generated/commands-execute-task.ts'
import type { JobPlan } from './job-plan.ts'

export { compileSpec, isList, specOf } from './job-plan.ts'
export type {
  JobPlan,
  JobSpec,
  Placement,
  ResourceRequest,
  RetryPolicy,
  RoutePolicy
} from './job-plan.ts'
export type {
  InputDocument,
  ItemDocument,
  JobDocument,
  OutputFile,
  OutputWish,
  Preset,
  TaskDocument,
  WeightsDocument
} from './generated/job.ts'

const validateJob = validatorFor<JobDocument>('job')

/** Fields of a task that an item may have of its own. */
const OVERRIDES = {
  builtin: ['args'],
  container: ['argv', 'env', 'stdin', 'files', 'inputs'],
  function: ['input', 'inputs'],
  javascript: ['input', 'files', 'inputs', 'seed'],
  process: ['argv', 'env', 'stdin', 'files', 'inputs'],
  storage: [],
  wasm: ['args', 'env', 'stdin', 'files', 'inputs', 'seed']
} as const satisfies Record<TaskDocument['engine'], readonly (keyof ItemDocument)[]>

/**
 * Checks a job document from outside.
 * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID
 */
export function checkJob(value: unknown): JobDocument {
  const document = checkShape(value)
  checkContent(document)
  return document
}

/** Checks a document against the schema alone: of one whose references were replaced by results. */
export function checkShape(value: unknown): JobDocument {
  return validateJob(withoutExtensions(value))
}

/** Checks what no schema can say. @throws MeshError FIELD_INVALID */
export function checkContent(document: JobDocument): void {
  const { each: items = [], task } = document
  const ids = new Set<string>()
  items.forEach((item, index) => {
    const id = itemId(item, index)
    if (ids.has(id)) {
      throw new MeshError('FIELD_INVALID', `each[${index}].id "${id}" is there twice`, {
        path: `each[${index}].id`,
        hint: 'give each item an id of its own, or none'
      })
    }
    ids.add(id)
    checkOverride(task, item, index)
    checkTaskContent(task.engine, item, `each[${index}]`)
  })
  checkInputs(document)
  checkTogether(document)
  checkEngine(document)
  checkTask(document)
  checkTaskContent(task.engine, task, 'task')
  checkReferences(document)
}

/** @throws MeshError FIELD_INVALID where a text does not parse */
export function compileJob(document: JobDocument): JobPlan {
  return compileSpec(specOf(document))
}

/** How many tasks a job has. */
export function itemCount({ each, task }: JobDocument): number {
  if (task.engine === 'storage') return task.copies ?? STORAGE_COPIES
  return each?.length ?? 1
}

export function itemId(item: ItemDocument | undefined, index: number): string {
  return item?.id ?? String(index)
}

/** The task of one item, with that item's overrides: what a worker gets. Every worker of `ops: every` gets the same. */
export function taskOfItem(document: JobDocument, index: number): TaskDocument {
  const item = document.each?.[index]
  if (item === undefined) return document.task
  const { id: _id, inputs: _inputs, ...overrides } = item
  // `checkOverride` has seen to it that they fit the engine.
  return { ...document.task, ...overrides } as TaskDocument
}

/**
 * One task's JSON text, ready for the wire: with what it takes and leaves beside it, where it does.
 * @throws MeshError REQUEST_TOO_LARGE
 */
export function encodeTask(document: JobDocument, index: number): string {
  const text = JSON.stringify(assignedTask(document, index))
  if (Buffer.byteLength(text) > LIMITS.taskBytesMax) {
    throw new MeshError(
      'REQUEST_TOO_LARGE',
      `the task of item ${itemId(document.each?.[index], index)} is longer than ${formatBytes(LIMITS.taskBytesMax)}`,
      {
        path: document.each === undefined ? 'task' : `each[${index}]`,
        hint:
          document.task.engine === 'wasm'
            ? 'a module inside its task may have some 700 KiB: build it with -Os and strip it, or pass it as a file, mesh:sha256:…'
            : 'pass large inputs as files: add them to `inputs`'
      }
    )
  }
  return text
}

function assignedTask(document: JobDocument, index: number): TaskDocument | AssignedTask {
  const task = withPlainProgram(taskOfItem(document, index))
  const inputs = inputsOfItem(document, index)
  const { outputs = [] } = document
  return inputs.length === 0 && outputs.length === 0 ? task : { task, inputs, outputs }
}

/** `x_…` keys of the document belong to whoever wrote them. */
export function withoutExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value)
  return entries.some(([key]) => key.startsWith('x_'))
    ? Object.fromEntries(entries.filter(([key]) => !key.startsWith('x_')))
    : value
}

/** An item may only override what its engine's task has, and in the shape that it has there. */
function checkOverride({ engine }: TaskDocument, item: ItemDocument, index: number): void {
  const known: readonly string[] = ['id', ...OVERRIDES[engine]]
  const isArgsList = Array.isArray(item.args)
  const wrong =
    Object.keys(item).find((key) => !known.includes(key)) ??
    (item.args !== undefined && isArgsList !== (engine === 'wasm') ? 'args' : undefined)
  if (wrong !== undefined) {
    const path = `each[${index}].${wrong}`
    throw new MeshError('FIELD_INVALID', `${path} does not fit engine ${engine}`, {
      path,
      hint: known.includes(wrong)
        ? `write ${isArgsList ? 'an object of arguments' : 'a list of texts'}`
        : `use ${OVERRIDES[engine].map((key) => `"${key}"`).join(', ')}`
    })
  }
}

/** Fields that mean something each, but not together. */
function checkTogether(document: JobDocument): void {
  const { cache = 'off', each, ops, schedule, task } = document
  if (cache !== 'off') checkCache(document, cache)
  checkVerify(document)
  if (ops === 'every' && each !== undefined) {
    throw new MeshError('FIELD_INVALID', 'each does not go with ops: every', {
      path: 'each',
      hint: 'every worker gets the same task; leave one of the two out'
    })
  }
  if (task.engine === 'storage' && each !== undefined) {
    throw new MeshError('FIELD_INVALID', 'each does not go with engine storage', {
      path: 'each',
      hint: 'say how many workers are to keep the file: task.copies'
    })
  }
  if (task.engine === 'storage' && ops === 'every') {
    throw new MeshError('FIELD_INVALID', 'ops: every does not go with engine storage', {
      path: 'ops',
      hint: 'say how many workers are to keep the file: task.copies'
    })
  }
  const [need] = schedule?.cron === undefined ? [] : needsOf(document)
  if (need !== undefined) {
    throw new MeshError('FIELD_INVALID', 'needs do not go with schedule.cron', {
      path: need.path,
      hint: 'a need is met once; leave one of the two out'
    })
  }
}

/** Where an earlier result could not be the same, or would not be what was asked for. @throws MeshError FIELD_INVALID */
function checkCache({ network, ops, task }: JobDocument, cache: 'use' | 'refresh'): void {
  const other =
    network?.mode === 'full'
      ? 'network.mode: full'
      : ops === 'every'
        ? 'ops: every'
        : task.engine === 'storage'
          ? 'engine storage'
          : undefined
  if (other === undefined) return
  throw new MeshError('FIELD_INVALID', `cache: ${cache} does not go with ${other}`, {
    path: 'cache',
    hint: 'leave cache out: such a task is run each time'
  })
}

/** Where there is no result that copies could agree on. @throws MeshError FIELD_INVALID */
function checkVerify({ ops, task, verify = {} }: JobDocument): void {
  if (verify.mode === undefined || verify.mode === 'none') return
  const other =
    ops === 'every' ? 'ops: every' : task.engine === 'storage' ? 'engine storage' : undefined
  if (other === undefined) return
  throw new MeshError('FIELD_INVALID', `verify.mode: ${verify.mode} does not go with ${other}`, {
    path: 'verify.mode',
    hint: 'leave verify out: what such tasks return is not for others to repeat'
  })
}

/** What only one engine's task says, and no schema can check. @throws MeshError FIELD_INVALID */
function checkTask({ resources, task }: JobDocument): void {
  if ('time' in task && task.time !== undefined) parseMoment(task.time, 'task.time')
  if (task.engine === 'storage') {
    readMeshFile(task.file, 'task.file')
    parseMoment(task.until, 'task.until')
  }
  const leastBytes = task.engine === 'javascript' ? MEMORY_BYTES_MIN.javascript : 0
  const mostBytes = task.engine === 'wasm' ? DISK_BYTES_MAX.wasm : Infinity
  const { disk, memory } = resources ?? {}
  if (memory !== undefined && parseBytes(memory, 'resources.memory') < leastBytes) {
    throw new MeshError('FIELD_INVALID', `a task of engine ${task.engine} needs more memory`, {
      path: 'resources.memory',
      hint: `ask for ${formatBytes(leastBytes)} or more`
    })
  }
  if (disk !== undefined && parseBytes(disk, 'resources.disk') > mostBytes) {
    throw new MeshError(
      'FIELD_INVALID',
      `a task of engine ${task.engine} cannot have so much disk`,
      {
        path: 'resources.disk',
        hint: `ask for ${formatBytes(mostBytes)} or less, or use engine process`
      }
    )
  }
}

/** What no worker's engine of that name could give. @throws MeshError FIELD_INVALID */
function checkEngine({ network, resources, task: { engine } }: JobDocument): void {
  if (network?.mode === 'full' && !NETWORK_ENGINES.includes(engine)) {
    throw new MeshError('FIELD_INVALID', `a task of engine ${engine} reaches no network`, {
      path: 'network.mode',
      hint: `leave network out, or use engine ${NETWORK_ENGINES.join(', ')}`
    })
  }
  if ((resources?.gpu ?? 0) > 0 && !GPU_ENGINES.includes(engine)) {
    throw new MeshError('FIELD_INVALID', `a task of engine ${engine} can use no GPU`, {
      path: 'resources.gpu',
      hint: `leave resources.gpu out, or use engine ${GPU_ENGINES.join(', ')}`
    })
  }
}
