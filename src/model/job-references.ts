/**
 * `{"$job": "name or id"}` inside `input` and `args` stands for what a needed job returned. Only in a
 * job that has `needs`: anybody else may pass such an object as it is.
 */
import { MeshError } from '../core/errors.ts'
import { nearestName } from './validate.ts'
import type { ItemDocument, JobDocument, TaskDocument } from './generated/job.ts'

export interface JobReference {
  $job: string
}

/** What to put in the place of a reference. @param path where it stands, as in errors */
type Replace = (job: string, path: string) => unknown

const KEY = '$job'

export function isReference(value: unknown): value is JobReference {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, KEY)) return false
  return Object.keys(value).length === 1 && typeof (value as JobReference).$job === 'string'
}

/** A reference for each time that a job is named. */
export function referencesOf(document: JobDocument): { job: string; path: string }[] {
  const found: { job: string; path: string }[] = []
  if (hasNeeds(document)) {
    replaceReferences(document, (job, path) => {
      found.push({ job, path })
      return null
    })
  }
  return found
}

/** @throws MeshError FIELD_INVALID for a reference to a job that is not in `needs`, or with more in it */
export function checkReferences(document: JobDocument): void {
  const { needs = [] } = document
  for (const { job, path } of referencesOf(document)) {
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

/** The same document with something else for each reference; the same object where there is none. */
export function replaceReferences(document: JobDocument, replace: Replace): JobDocument {
  if (!hasNeeds(document)) return document
  const task = inBodies(document.task, 'task', replace)
  const each = document.each?.map((item, index) => inBodies(item, `each[${index}]`, replace))
  return { ...document, task, ...(each === undefined ? {} : { each }) }
}

function hasNeeds({ needs = [] }: JobDocument): boolean {
  return needs.length > 0
}

function inBodies<T extends TaskDocument | ItemDocument>(
  holder: T,
  path: string,
  replace: Replace
): T {
  const changed = (['input', 'args'] as const)
    .filter((key) => Object.hasOwn(holder, key))
    .map((key) => {
      const body = (holder as Record<string, unknown>)[key]
      return [key, inValue(body, `${path}.${key}`, replace)] as const
    })
  return { ...holder, ...Object.fromEntries(changed) }
}

/** JSON from outside nests no deeper than its limit, so this may recurse. */
function inValue(value: unknown, path: string, replace: Replace): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isReference(value)) return replace(value.$job, path)
  if (Array.isArray(value)) {
    return value.map((member, index) => inValue(member, `${path}[${index}]`, replace))
  }
  if (Object.hasOwn(value, KEY)) {
    throw new MeshError('FIELD_INVALID', `${path} is no reference to a job`, {
      path,
      hint: 'write {"$job": "name"} and nothing beside it'
    })
  }
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, member]) => [key, inValue(member, `${path}.${key}`, replace)])
  )
}
