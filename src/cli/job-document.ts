/**
 * A job file on its way to the router: read, `@path` replaced by what the file holds, `--set` applied,
 * checked. It holds one job, or a graph: several jobs by name that need each other.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { checkGraph } from '../model/graph.ts'
import { checkJob, compileJob } from '../model/job.ts'
import type { Args } from './args.ts'
import type { Flags } from './command.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobGraphDocument } from '../model/generated/job-graph.ts'
import type { Json } from '../core/json.ts'
import type { Terminal } from './terminal.ts'
import { flag } from './command.ts'

type JsonObject = Record<string, Json>

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

/** Why a file cannot be read, for people. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file'
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
    embedCode(document, folder)
    return { kind: 'job', document: checkDocument(document) }
  }
  if (!isObject(jobs) || Object.keys(jobs).length === 0) {
    throw new MeshError('FIELD_INVALID', 'jobs must hold jobs by name', { path: 'jobs' })
  }
  for (const [name, job] of Object.entries(jobs)) checkGraphJob(name, job, folder)
  checkGraph(document)
  return { kind: 'graph', document: document as unknown as JobGraphDocument }
}

function checkGraphJob(name: string, job: Json, folder: string): void {
  const place = `jobs.${name}`
  try {
    if (isObject(job)) embedCode(job, folder)
    checkDocument(job)
  } catch (cause) {
    const { code, hint, message, path } = MeshError.from(cause)
    const inner = path === undefined || path === '' ? place : `${place}.${path}`
    throw new MeshError(code, `${place}: ${message}`, { path: inner, hint, cause })
  }
}

/** Found here, a mistake costs no trip to the router and names the same path. */
export function checkDocument(document: unknown): JobDocument {
  const checked = checkJob(document)
  compileJob(checked)
  return checked
}

/** @throws MeshError FILE_NOT_FOUND */
export function readTextFile(file: string, path: string): string {
  return readBinaryFile(file, path).toString()
}

/** @throws MeshError FILE_NOT_FOUND */
export function readBinaryFile(file: string, path: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    const what = UNREADABLE[code] ?? messageOf(cause)
    throw new MeshError('FILE_NOT_FOUND', `${file}: ${what}`, { path, cause })
  }
}

/** A module's bytes as job documents have them. @throws MeshError FILE_NOT_FOUND */
export function readModule(file: string, path: string): string {
  return `base64:${readBinaryFile(file, path).toString('base64')}`
}

/** By the name of its file. */
export function isTypescript(file: string): boolean {
  return /\.m?ts$/.test(file)
}

/** `task.source: "@main.ts"` becomes the text of that file and says its language, `task.module: "@main.wasm"` its bytes, relative to the job file. */
export function embedCode(document: JsonObject, folder: string): void {
  const { task } = document
  if (!isObject(task)) return
  const { module, source } = task
  if (typeof source === 'string' && source.startsWith('@')) {
    task['source'] = readTextFile(resolve(folder, source.slice(1)), 'task.source')
    if (isTypescript(source)) task['language'] ??= 'typescript'
  }
  if (typeof module === 'string' && module.startsWith('@')) {
    task['module'] = readModule(resolve(folder, module.slice(1)), 'task.module')
  }
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
