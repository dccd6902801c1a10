/**
 * A job file on its way to the router: read, `@path` replaced by what the file holds, `--set` applied,
 * checked. It holds one job, or a graph: several jobs by name that need each other.
 */
import { dirname } from 'node:path'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { checkGraph } from '../model/graph.ts'
import { checkJob, compileJob } from '../model/job.ts'
import { localFilesOf, placeLocalFiles, readTextFile, withFileIds } from './local-files.ts'
import type { Args } from './args.ts'
import type { Flags } from './command.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobGraphDocument } from '../model/generated/job-graph.ts'
import type { Json } from '../core/json.ts'
import type { JsonObject } from './local-files.ts'
import type { Terminal } from './terminal.ts'
import { flag } from './command.ts'

export type JobFileContent =
  | { kind: 'job'; document: JobDocument }
  | { kind: 'graph'; document: JobGraphDocument }

export const JOB_FILE = {
  name: 'file',
  describe: 'job file (JSON) with one job or a graph of them, or - for stdin'
} as const

export const DOCUMENT_FLAGS: Flags = {
  set: flag('list', 'change a field: --set a.b=value, as JSON or else as text (repeatable)')
}

/** Keys that would reach into JavaScript rather than into the document. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/** @throws MeshError REQUEST_NOT_JSON, FILE_NOT_FOUND, and whatever `checkJob` or `checkGraph` finds */
export async function readJobFile(args: Args, terminal: Terminal): Promise<JobFileContent> {
  const file = args.positional(JOB_FILE.name)
  const text =
    file === '-' ? (await terminal.readStdin()).toString() : readTextFile(file, JOB_FILE.name)
  const document = parseDocument(text, file === '-' ? 'stdin' : file)
  const folder = file === '-' ? '.' : dirname(file)
  for (const change of args.list('set')) applySet(document, change)
  const { jobs } = document
  if (!Object.hasOwn(document, 'jobs') || Object.hasOwn(document, 'task')) {
    placeLocalFiles(document, folder)
    return { kind: 'job', document: checkDocument(document) }
  }
  if (!isObject(jobs) || Object.keys(jobs).length === 0) {
    throw new MeshError('FIELD_INVALID', 'jobs must hold jobs by name', { path: 'jobs' })
  }
  for (const [name, job] of Object.entries(jobs)) checkGraphJob(name, job, folder)
  checkGraph(withFileIds(document))
  return { kind: 'graph', document: document as unknown as JobGraphDocument }
}

function checkGraphJob(name: string, job: Json, folder: string): void {
  const place = `jobs.${name}`
  try {
    if (isObject(job)) placeLocalFiles(job, folder)
    checkDocument(job)
  } catch (cause) {
    const { code, hint, message, path } = MeshError.from(cause)
    const inner = path === undefined || path === '' ? place : `${place}.${path}`
    throw new MeshError(code, `${place}: ${message}`, { path: inner, hint, cause })
  }
}

/** Found here, a mistake costs no trip to the router and names the same path. */
export function checkDocument(document: unknown): JobDocument {
  const isLocal =
    typeof document === 'object' && document !== null && localFilesOf(document).length > 0
  const checked = checkJob(isLocal ? withFileIds(document) : document)
  compileJob(checked)
  return isLocal ? (document as JobDocument) : checked
}

/** `a.b=c` as path and value. @throws MeshError FIELD_INVALID */
export function parseChange(change: string): [path: string, value: Json] {
  const at = change.indexOf('=')
  const path = change.slice(0, Math.max(0, at))
  const isWrong = path.split('.').some((key) => key === '' || FORBIDDEN_KEYS.has(key))
  if (!isWrong) return [path, parseLoosely(change.slice(at + 1))]
  throw new MeshError('FIELD_INVALID', `"${change}" is not a change`, {
    path: '--set',
    hint: 'write path=value, such as --set resources.memory=256MiB'
  })
}

/** `a.b=c`, `each.0.input={"n":1}`. @throws MeshError FIELD_INVALID */
export function applySet(document: JsonObject, change: string): void {
  const [path, value] = parseChange(change)
  const keys = path.split('.')
  const last = keys.pop() as string
  let target = document
  for (const key of keys) {
    const inner = target[key] ?? (target[key] = {})
    if (typeof inner !== 'object' || inner === null) {
      throw new MeshError('FIELD_INVALID', `"${change}": ${key} has no fields`, { path: '--set' })
    }
    // An array takes its positions as keys like any object.
    target = inner as JsonObject
  }
  target[last] = value
}

/** JSON if it is, else the text itself. */
export function parseLoosely(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    // Then it is meant as text, which is what a command line mostly holds.
    return text
  }
}

function parseDocument(text: string, file: string): JsonObject {
  try {
    const value = parseJson(text)
    if (isObject(value)) return value
  } catch (cause) {
    const error = MeshError.from(cause)
    throw new MeshError(error.code, error.message, {
      path: file,
      hint: 'a job file holds one JSON object; `taskmesh job init` writes an example'
    })
  }
  throw new MeshError('FIELD_INVALID', 'a job is a JSON object', {
    path: file,
    hint: '`taskmesh job init` writes an example'
  })
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
