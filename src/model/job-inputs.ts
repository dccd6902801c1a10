/**
 * The files of a job: what its tasks find when they begin, which other jobs it has to wait for on account of
 * that, and which files of the mesh a task cannot do without. Pure.
 */
import { checkTaskFolder } from './task-folder.ts'
import { isMeshFile, readInput, readMeshFile, toJobUri, toMeshUri } from './input-uri.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { InputDocument, JobDocument, OutputWish, TaskDocument } from './generated/job.ts'
import type { InputOrigin, OutputReference } from './input-uri.ts'

/** An input, read, and where it stands in the document, such as `each[3].inputs[0]`. */
export interface FoundInput {
  input: InputDocument
  origin: InputOrigin
  path: string
}

/** Another job that has to be completed first, and the field that says so. */
export interface Need {
  job: string
  path: string
}

/** What a task cannot do without: files of the mesh, and addresses of those who are said to have them. */
export interface NeededFiles {
  files: readonly string[]
  peers: readonly string[]
}

/** Fields whose text may be a file of the mesh instead of the program itself. */
const PROGRAM_FIELDS = ['module', 'source'] as const

const NO_NEEDS: readonly Need[] = []

/** @throws MeshError FIELD_INVALID, FIELD_MISSING */
export function checkInputs(document: JobDocument): void {
  const { each = [], inputs = [], outputs = [], task } = document
  checkProgram(task)
  readList(inputs, 'inputs')
  checkNames(outputs)
  checkTaskFolder({ task, inputs, outputs })
  each.forEach((item, index) => {
    if (item.inputs === undefined && item.files === undefined) return
    const { files } = item
    const own = files === undefined ? task : ({ ...task, files } as TaskDocument)
    const where = item.inputs === undefined ? 'inputs' : `each[${index}].inputs`
    checkTaskFolder({ task: own, inputs: item.inputs ?? inputs, outputs }, where)
  })
  if (needsOf(document).length > LIMITS.jobNeedsMax) {
    throw new MeshError('FIELD_INVALID', `the job needs more than ${LIMITS.jobNeedsMax} others`, {
      path: 'inputs',
      hint: 'gather what they leave in a job between them'
    })
  }
}

/** Of the job and of all its items. */
export function inputsOf({ each, inputs }: JobDocument): FoundInput[] {
  const found = readList(inputs, 'inputs')
  each?.forEach((item, index) => {
    if (item.inputs !== undefined) found.push(...readList(item.inputs, `each[${index}].inputs`))
  })
  return found
}

/** Each once: those of `needs`, and those of which it takes outputs. */
export function needsOf(document: JobDocument): readonly Need[] {
  const { each, inputs } = document
  // Most jobs, and this is asked of each.
  if (document.needs === undefined && inputs === undefined && each === undefined) return NO_NEEDS
  const needs = new Map((document.needs ?? []).map((job, index) => [job, `needs[${index}]`]))
  for (const { origin, path } of inputsOf(document)) {
    if (origin.kind !== 'job' || needs.has(origin.output.job)) continue
    needs.set(origin.output.job, `${path}.from`)
  }
  return Array.from(needs, ([job, path]) => ({ job, path }))
}

/** Whether it has inputs that have to come from the web first. */
export function hasWebInputs(document: JobDocument): boolean {
  return inputsOf(document).some(({ origin }) => origin.kind === 'web')
}

/** Whether some of its tasks have inputs, or a program that is a file of the mesh. */
export function hasInputs({ each, inputs = [], task }: JobDocument): boolean {
  return (
    inputs.length > 0 ||
    programOf(task) !== undefined ||
    each?.some((item) => (item.inputs?.length ?? 0) > 0) === true
  )
}

/** The same document with other inputs, where `replace` gives some; the same object where it has none. */
export function replaceInputs(
  document: JobDocument,
  replace: (found: FoundInput) => InputDocument
): JobDocument {
  const inList = (list: readonly InputDocument[], path: string): InputDocument[] =>
    readList(list, path).map(replace)
  const { each, inputs } = document
  const hasOwn = each?.some((item) => item.inputs !== undefined) === true
  if (inputs === undefined && !hasOwn) return document
  return {
    ...document,
    ...(inputs === undefined ? {} : { inputs: inList(inputs, 'inputs') }),
    ...(each === undefined || !hasOwn
      ? {}
      : {
          each: each.map((item, index) =>
            item.inputs === undefined
              ? item
              : { ...item, inputs: inList(item.inputs, `each[${index}].inputs`) }
          )
        })
  }
}

/** The input as it is once it is a file of the mesh. */
export function asMeshInput({ path }: InputDocument, file: string): InputDocument {
  return { path, from: toMeshUri(file) }
}

/** With ids for the names of jobs in the same graph. */
export function withJobIds(document: JobDocument, toId: (job: string) => string): JobDocument {
  return replaceInputs(document, ({ input, origin }) => {
    if (origin.kind !== 'job') return input
    const { output } = origin
    return { ...input, from: toJobUri({ ...output, job: toId(output.job) }) }
  })
}

/** Whether `before` may be what `now` became, once its job had begun. */
export function isResolvedInput(before: unknown, now: unknown): boolean {
  if (!isInput(before) || !isInput(now) || before.path !== now.path) return false
  return /^(job|https):/i.test(now.from) && isMeshFile(before.from)
}

/** The inputs of one item, as a worker gets them: of a link only its file. */
export function inputsOfItem(document: JobDocument, index: number): InputDocument[] {
  const inputs = document.each?.[index]?.inputs ?? document.inputs
  return readList(inputs, 'inputs').map(({ input, origin }) =>
    origin.kind === 'mesh' ? asMeshInput(input, origin.file) : input
  )
}

/** The task with its program as a worker gets it: of a link only its file. */
export function withPlainProgram<T extends TaskDocument>(task: T): T {
  const program = programOf(task)
  return program === undefined ? task : { ...task, [program.field]: toMeshUri(program.file) }
}

/** What the task of one item needs of the mesh. */
export function filesOfItem(document: JobDocument, index: number): NeededFiles {
  const item = document.each?.[index]
  const origins = readList(item?.inputs ?? document.inputs, 'inputs').map(({ origin }) => origin)
  const wanted = [programOf(document.task), ...origins].filter((origin) => origin?.kind === 'mesh')
  return {
    files: [...new Set(wanted.map(({ file }) => file))],
    peers: [...new Set(wanted.flatMap(({ peers }) => peers))]
  }
}

/** Refuses an output that a job of this document could not leave. @throws MeshError FIELD_INVALID */
export function checkOutputExists(
  { each, ops, outputs = [] }: JobDocument,
  { item, job, name }: OutputReference,
  path: string
): void {
  const invalid = (message: string, hint: string): MeshError =>
    new MeshError('FIELD_INVALID', `${path}: ${message}`, { path, hint })
  if (!outputs.some((output) => output.name === name)) {
    const known = outputs.map((output) => output.name).join(', ')
    throw invalid(
      `job ${job} has no output "${name}"`,
      known === '' ? 'name it in the outputs of that job' : `it has ${known}`
    )
  }
  const isArray = each !== undefined || ops === 'every'
  if (isArray && item === undefined) {
    throw invalid(
      `job ${job} has an output of that name for each of its items`,
      `write job:${job}/<item>/${name}`
    )
  }
  const ids = each?.map((one, index) => one.id ?? String(index)) ?? ['0']
  if (item !== undefined && ops !== 'every' && !ids.includes(item)) {
    throw invalid(
      `job ${job} has no item "${item}"`,
      `write job:${job}/${isArray ? '<item>/' : ''}${name}`
    )
  }
}

function readList(inputs: readonly InputDocument[] | undefined, path: string): FoundInput[] {
  return (inputs ?? []).map((input, index) => {
    const where = `${path}[${index}]`
    return { input, origin: readInput(input, where), path: where }
  })
}

function checkNames(outputs: readonly OutputWish[]): void {
  const names = new Set<string>()
  outputs.forEach(({ name }, index) => {
    const path = `outputs[${index}].name`
    if (names.has(name)) {
      throw new MeshError('FIELD_INVALID', `${path} "${name}" is there twice`, {
        path,
        hint: 'give each output a name of its own'
      })
    }
    names.add(name)
  })
}

/** @throws MeshError FIELD_INVALID where a program's field begins like a file of the mesh and is none */
function checkProgram(task: TaskDocument): void {
  if (programOf(task) !== undefined || !('source' in task)) return
  const isMeant = /^(mesh:(sha256:)?[0-9a-f]*|taskmesh:\?\S*)$/i.test(task.source.trim())
  if (isMeant) readMeshFile(task.source.trim(), 'task.source')
}

type Program = Extract<InputOrigin, { kind: 'mesh' }> & { field: (typeof PROGRAM_FIELDS)[number] }

/** The file of the mesh that is a task's program, if one is. */
export function programOf(task: TaskDocument): Program | undefined {
  for (const field of PROGRAM_FIELDS) {
    const text = (task as Partial<Record<typeof field, unknown>>)[field]
    if (typeof text === 'string' && isMeshFile(text)) {
      return { ...readMeshFile(text, `task.${field}`), field }
    }
  }
  return undefined
}

function isInput(value: unknown): value is InputDocument {
  if (typeof value !== 'object' || value === null) return false
  const { from, path } = value as Partial<InputDocument>
  return typeof from === 'string' && typeof path === 'string'
}
