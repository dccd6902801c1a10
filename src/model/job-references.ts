/**
 * `{"$job": "name or id"}` stands for what a needed job returned, with `at` for a part of it: as it is inside `input` and `args`, and as
 * text in the places of a program (an argument, a variable, stdin, a file). Inside JSON it means so only in a job
 * that has `needs`: anybody else may pass such an object as it is.
 */
import { MeshError } from '../core/errors.ts'
import { isPath, valueAt } from './json-path.ts'
import { nearestName } from './validate.ts'
import type { ItemDocument, JobDocument, JobReference, TaskDocument } from './generated/job.ts'

/** Where a reference stands. */
export interface ReferencePlace {
  /** As in errors. */
  path: string
  /** What a place of text takes, and what it takes in a place of JSON. */
  form: 'json' | 'text' | 'stdin'
}

/** What to put in the place of a reference. */
type Replace = (reference: JobReference, place: ReferencePlace) => unknown

type Body = TaskDocument | ItemDocument

const KEY = '$job'
const PART = 'at'

export function isReference(value: unknown): value is JobReference {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, KEY)) return false
  const keys = Object.keys(value)
  const isPart = keys.length === 2 && typeof (value as JobReference)[PART] === 'string'
  return (keys.length === 1 || isPart) && typeof (value as JobReference)[KEY] === 'string'
}

export interface FoundReference {
  job: string
  /** Which part of what it returned; all of it when undefined. */
  at: string | undefined
  path: string
}

/** A reference for each time that a job is named. */
export function referencesOf(document: JobDocument): FoundReference[] {
  const found: FoundReference[] = []
  if (hasNeeds(document)) {
    replaceReferences(document, ({ $job: job, at }, { path }) => {
      found.push({ job, at, path })
      return null
    })
  }
  return found
}

/** @throws MeshError FIELD_INVALID for a reference to a job that is not in `needs`, or with more in it */
export function checkReferences(document: JobDocument): void {
  const { each = [], needs = [], task } = document
  if (!hasNeeds(document)) {
    refuseReferences(task, 'task')
    each.forEach((item, index) => refuseReferences(item, `each[${index}]`))
  }
  for (const { at, job, path } of referencesOf(document)) {
    if (at !== undefined && !isPath(at)) throw badPart(at, path)
    if (needs.includes(job)) continue
    const nearest = nearestName(job, needs)
    throw new MeshError('FIELD_INVALID', `${path} names "${job}", which is not in needs`, {
      path,
      hint:
        nearest === undefined
          ? `add it to needs: ${needs.join(', ')}`
          : `did you mean "${nearest}"?`
    })
  }
}

/** @throws MeshError FIELD_INVALID for a reference in a place of text, where nothing can be put for it */
export function refuseReferences(body: Body, path: string): void {
  inPrograms(body, path, ({ $job: job }, place) => {
    throw new MeshError(
      'FIELD_INVALID',
      `${place.path} names job "${job}", and there are no needs`,
      {
        path: place.path,
        hint: `write "needs": ["${job}"] beside "task"`
      }
    )
  })
}

/** The same document with something else for each reference; the same object where there is none. */
export function replaceReferences(document: JobDocument, replace: Replace): JobDocument {
  if (!hasNeeds(document)) return document
  const inBody = <T extends Body>(body: T, path: string): T =>
    inPrograms(inJson(body, path, replace), path, replace)
  const task = inBody(document.task, 'task')
  const each = document.each?.map((item, index) => inBody(item, `each[${index}]`))
  return { ...document, task, ...(each === undefined ? {} : { each }) }
}

/** What a reference means of a job's result. @throws MeshError FIELD_INVALID where it has no such part */
export function partOf(result: unknown, { at, job, path }: FoundReference): unknown {
  if (at === undefined) return result
  try {
    return valueAt(result, at)
  } catch (cause) {
    const { message } = MeshError.from(cause)
    throw new MeshError(
      'FIELD_INVALID',
      `${path} asks for a part of what ${job} returned: ${message}`,
      {
        path,
        cause
      }
    )
  }
}

/** A result in the form that its place takes. */
export function resultIn({ form }: ReferencePlace, result: unknown): unknown {
  if (form === 'json') return result
  const text = typeof result === 'string' ? result : JSON.stringify(result)
  // There it would be taken for the bytes that it spells.
  const isMarked = form === 'stdin' && text.startsWith(BASE64_MARK)
  return isMarked ? `${BASE64_MARK}${Buffer.from(text).toString('base64')}` : text
}

function badPart(at: string, path: string): MeshError {
  return new MeshError('FIELD_INVALID', `"${at}" names no part of a result`, {
    path: `${path}.${PART}`,
    hint: 'write a path such as stdout, files[0].text or [2].total'
  })
}

const BASE64_MARK = 'base64:'

function hasNeeds({ needs = [] }: JobDocument): boolean {
  return needs.length > 0
}

/** In `input`, and in the `args` of a builtin. */
function inJson<T extends Body>(body: T, path: string, replace: Replace): T {
  return withFields(body, path, {
    input: (value, at) => inValue(value, at, replace),
    args: (value, at) => (Array.isArray(value) ? value : inValue(value, at, replace))
  })
}

/** Wherever a program is given text. */
function inPrograms<T extends Body>(body: T, path: string, replace: Replace): T {
  const inText =
    (form: ReferencePlace['form']) =>
    (value: unknown, at: string): unknown =>
      isReference(value) ? replace(value, { path: at, form }) : value
  const inMembers: Change = (value, at) => mapMembers(value, at, inText('text'))
  return withFields(body, path, {
    argv: inMembers,
    args: (value, at) => (Array.isArray(value) ? inMembers(value, at) : value),
    env: inMembers,
    stdin: inText('stdin'),
    files: (files, at) =>
      mapMembers(files, at, (file, place) =>
        withFields(file as object, place, { text: inText('text') })
      )
  })
}

type Change = (value: unknown, path: string) => unknown

/** The same object with some of its fields changed; fields that it does not have stay away. */
function withFields<T extends object>(
  holder: T,
  path: string,
  changes: Readonly<Record<string, Change>>
): T {
  const changed = Object.entries(changes)
    .filter(([key]) => Object.hasOwn(holder, key))
    .map(([key, change]) => [
      key,
      change((holder as Record<string, unknown>)[key], `${path}.${key}`)
    ])
  return changed.length === 0 ? holder : { ...holder, ...Object.fromEntries(changed) }
}

/** JSON from outside nests no deeper than its limit, so this may recurse. */
function inValue(value: unknown, path: string, replace: Replace): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isReference(value)) return replace(value, { path, form: 'json' })
  if (!Array.isArray(value) && Object.hasOwn(value, KEY)) {
    throw new MeshError('FIELD_INVALID', `${path} is no reference to a job`, {
      path,
      hint: 'write {"$job": "name"} and nothing beside it but "at"'
    })
  }
  return mapMembers(value, path, (member, at) => inValue(member, at, replace))
}

/** A list or an object, each of its members changed. */
function mapMembers(value: unknown, path: string, change: Change): unknown {
  if (Array.isArray(value)) {
    return value.map((member: unknown, index) => change(member, `${path}[${index}]`))
  }
  return Object.fromEntries(
    Object.entries(value as object).map(([key, member]) => [key, change(member, `${path}.${key}`)])
  )
}
