/**
 * Files of this machine that a job names as `@path`: what is small and code goes into the job itself, all else
 * becomes a file of the mesh on the way to the router. Until then it stands in the document by its full path.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { toMeshUri } from '../model/input-uri.ts'
import type { Json } from '../core/json.ts'

export type JsonObject = Record<string, Json>

const MARK = '@'
/** Beside it, arguments and the like have room in the task. */
const CODE_BYTES_MAX = 512 * 1_024
/** Why a file cannot be read, for people. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file'
}
/** Stands for a file while the rest of its document is checked. */
const SOME_FILE = toMeshUri(`sha256:${'0'.repeat(64)}`)

/** @throws MeshError FILE_NOT_FOUND */
export function readTextFile(file: string, path: string): string {
  return readBinaryFile(file, path).toString()
}

/** @throws MeshError FILE_NOT_FOUND */
export function readBinaryFile(file: string, path: string): Buffer {
  return reading(file, path, () => readFileSync(file))
}

/** A module as `base64:…`, or as a file to be added. @throws MeshError FILE_NOT_FOUND */
export function readModule(file: string, path: string): string {
  const bytes = readBinaryFile(file, path)
  return bytes.length > CODE_BYTES_MAX
    ? localFile(file, path)
    : `base64:${bytes.toString('base64')}`
}

/** A source's text, or a file to be added. @throws MeshError FILE_NOT_FOUND */
export function readSource(file: string, path: string): string {
  const bytes = readBinaryFile(file, path)
  return bytes.length > CODE_BYTES_MAX ? localFile(file, path) : bytes.toString()
}

/** By the name of its file. */
export function isTypescript(file: string): boolean {
  return /\.m?ts$/.test(file)
}

/** A file or folder to be added when the job is handed in. @throws MeshError FILE_NOT_FOUND */
export function localFile(file: string, path: string): string {
  const full = resolve(file)
  reading(file, path, () => accessSync(full, constants.R_OK))
  return MARK + full
}

/** Every `@path` of a job, which is relative to a folder, read or named in full. @throws MeshError FILE_NOT_FOUND */
export function placeLocalFiles(document: JsonObject, folder: string): void {
  const { task } = document
  if (isObject(task) && isMarked(task['source'])) {
    const { source } = task
    task['source'] = readSource(resolve(folder, source.slice(1)), 'task.source')
    if (isTypescript(source)) task['language'] ??= 'typescript'
  }
  if (isObject(task) && isMarked(task['module'])) {
    task['module'] = readModule(resolve(folder, task['module'].slice(1)), 'task.module')
  }
  visitFiles(document, (text, path) => localFile(resolve(folder, text), path))
}

/** The full paths of all files that are still to be added. */
export function localFilesOf(document: object): string[] {
  const paths = new Set<string>()
  visitFiles(structuredClone(document) as JsonObject, (path) => {
    paths.add(path)
    return SOME_FILE
  })
  return [...paths]
}

/** A copy in which each file has its id. @param ids by full path; without them, as it may be checked */
export function withFileIds<T extends object>(document: T, ids?: ReadonlyMap<string, string>): T {
  const copy = structuredClone(document)
  visitFiles(copy as JsonObject, (path) => {
    const id = ids?.get(path)
    return id === undefined ? SOME_FILE : toMeshUri(id)
  })
  return copy
}

/** Replaces every `@path` of a job, or of all jobs of a graph. */
function visitFiles(
  document: JsonObject,
  replace: (file: string, path: string) => string,
  prefix = ''
): void {
  const { each, inputs, jobs, task } = document
  const visit = (holder: Json | undefined, field: string, path: string): void => {
    if (!isObject(holder) || !isMarked(holder[field])) return
    holder[field] = replace(holder[field].slice(1), `${prefix}${path}.${field}`)
  }
  for (const field of ['module', 'source', 'file']) visit(task, field, 'task')
  listOf(inputs).forEach((input, index) => visit(input, 'from', `inputs[${index}]`))
  listOf(each).forEach((item, index) => {
    const own = isObject(item) ? listOf(item['inputs']) : []
    own.forEach((input, at) => visit(input, 'from', `each[${index}].inputs[${at}]`))
  })
  if (!isObject(jobs)) return
  for (const [name, job] of Object.entries(jobs)) {
    if (isObject(job)) visitFiles(job, replace, `jobs.${name}.`)
  }
}

function reading<T>(file: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    const what = UNREADABLE[code] ?? messageOf(cause)
    throw new MeshError('FILE_NOT_FOUND', `${file}: ${what}`, { path, cause })
  }
}

function isMarked(value: Json | undefined): value is string {
  return typeof value === 'string' && value.startsWith(MARK)
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
