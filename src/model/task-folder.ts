/**
 * What lies in a task's folder and what is to become of it: the files that come with the task, its inputs, and what
 * it leaves. A job is refused for them when it is submitted; a worker, which takes no router's word, checks its task
 * once more. Pure.
 */
import { FILE_ENGINES } from './engines.ts'
import { MeshError } from '../core/errors.ts'
import { checkOutsideSystem } from './task-content.ts'
import { checkTaskPath } from './task-files.ts'
import { findClash } from './safe-name.ts'
import type { TaskDocument } from './generated/job.ts'

export interface TaskFolder {
  /** Of which its files count, and what it returns with its result. */
  task: TaskDocument
  inputs: readonly { path: string }[]
  outputs: readonly { path: string }[]
}

/**
 * @param where the inputs stand in the document
 * @throws MeshError FIELD_INVALID
 */
export function checkTaskFolder({ inputs, outputs, task }: TaskFolder, where = 'inputs'): void {
  if (inputs.length > 0) checkEngine(task, where, 'takes no inputs')
  if (outputs.length > 0) checkEngine(task, 'outputs', 'leaves no outputs')
  inputs.forEach(({ path }, index) => checkTaskPath(path, `${where}[${index}].path`))
  outputs.forEach(({ path }, index) => checkTaskPath(path, `outputs[${index}].path`))
  if (task.engine === 'wasm') checkOutsideSystem(inputs, where)
  checkClashes(task, inputs, where)
  outputs.forEach(({ path }, index) => checkApart(path, inputs, `outputs[${index}].path`))
  const returned = 'outputs' in task ? (task.outputs ?? []) : []
  returned.forEach((path, index) => checkApart(path, inputs, `task.outputs[${index}]`))
}

function checkEngine({ engine }: TaskDocument, path: string, what: string): void {
  if (FILE_ENGINES.includes(engine)) return
  throw invalid(path, `a task of engine ${engine} ${what}`, {
    hint: `leave ${path} out, or use engine ${FILE_ENGINES.join(', ')}`
  })
}

function checkClashes(task: TaskDocument, inputs: TaskFolder['inputs'], where: string): void {
  const files = 'files' in task ? (task.files ?? []) : []
  const clash =
    inputs.length === 0 ? undefined : findClash([...files, ...inputs].map(({ path }) => path))
  if (clash === undefined) return
  const index = inputs.findIndex((input) => input.path === clash.path)
  throw invalid(
    index === -1 ? where : `${where}[${index}].path`,
    `"${clash.path}" and "${clash.other}" cannot both be in the task's folder`,
    { hint: 'some systems take them for one, or one would lie within the other: rename one' }
  )
}

/** Inputs are shown to the task, not put into its folder: what is taken out of there would have gaps in their place. */
function checkApart(output: string, inputs: TaskFolder['inputs'], path: string): void {
  const input = inputs.find((one) => isWithin(output, one.path) || isWithin(one.path, output))
  if (input === undefined) return
  throw invalid(path, `output "${output}" and input "${input.path}" lie within each other`, {
    hint: 'have the task write its outputs beside its inputs'
  })
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder}/`)
}

function invalid(path: string, message: string, { hint }: { hint: string }): MeshError {
  return new MeshError('FIELD_INVALID', message, { path, hint, blame: 'job' })
}
