/** Several jobs in one document: checked, and put into the order in which they can run. Pure. */
import { checkContent, compileJob, withoutExtensions } from './job.ts'
import { MeshError } from '../core/errors.ts'
import { checkOutputExists, inputsOf, needsOf, withJobIds } from './job-inputs.ts'
import { replaceReferences } from './job-references.ts'
import { validatorFor } from './validate.ts'
import type { JobDocument } from './job.ts'
import type { JobGraphDocument } from './generated/job-graph.ts'
import type { Need } from './job-inputs.ts'

export interface GraphJob {
  /** Its name in the graph. */
  name: string
  document: JobDocument
}

const validateGraph = validatorFor<JobGraphDocument>('job-graph')

/**
 * Checks a graph document from outside; gives its jobs, each behind all that it needs.
 * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID, NEEDS_CYCLE, below `jobs.<name>`
 */
export function checkGraph(value: unknown): GraphJob[] {
  const { jobs } = validateGraph(withoutJobExtensions(withoutExtensions(value)))
  const named = Object.entries(jobs).map(([name, job]) => {
    const document = { name, ...job } as JobDocument
    inJob(name, () => {
      checkContent(document)
      compileJob(document)
    })
    return { name, document }
  })
  checkKeys(named)
  const sorted = sortByNeeds(named)
  checkSchedules(sorted)
  checkOutputs(sorted)
  return sorted
}

/** The job as the router takes it: with ids for the names of jobs of its graph. */
export function withIds(document: JobDocument, ids: ReadonlyMap<string, string>): JobDocument {
  const { needs } = document
  const toId = (job: string): string => ids.get(job) ?? job
  const bound = replaceReferences(withJobIds(document, toId), (reference) => ({
    ...reference,
    $job: toId(reference.$job)
  }))
  return needs === undefined ? bound : { ...bound, needs: needs.map(toId) }
}

/** Runs `work`; an error about a job comes out with its place in the graph. */
export function inJob<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw placedInJob(name, cause)
  }
}

export function placedInJob(name: string, cause: unknown): MeshError {
  const error = MeshError.from(cause)
  const { blame, hint, retryable, retryAfterMs } = error
  const path = error.path === undefined ? `jobs.${name}` : `jobs.${name}.${error.path}`
  const init = { path, hint, blame, retryable, retryAfterMs, cause }
  return new MeshError(error.code, `job ${name}: ${error.message}`, init)
}

/** As they were written, but each behind what it needs. @throws MeshError NEEDS_CYCLE */
export function sortByNeeds(jobs: readonly GraphJob[]): GraphJob[] {
  const names = new Set(jobs.map(({ name }) => name))
  const needsByName = new Map(
    jobs.map(({ document, name }) => [
      name,
      needsOf(document).flatMap(({ job }) => (names.has(job) ? [job] : []))
    ])
  )
  const cycle = findCycle(needsByName)
  if (cycle !== undefined) {
    throw new MeshError('NEEDS_CYCLE', `jobs need each other in a circle: ${cycle.join(' → ')}`, {
      path: `jobs.${cycle[0]}.needs`,
      hint: 'leave out one of these needs'
    })
  }
  const byName = new Map(jobs.map((job) => [job.name, job]))
  const sorted = new Map<string, GraphJob>()
  for (const { name } of jobs) {
    for (const next of behindNeeds(name, needsByName, sorted)) {
      sorted.set(next, byName.get(next) as GraphJob)
    }
  }
  return [...sorted.values()]
}

type Needs = ReadonlyMap<string, readonly string[]>

/** The job and all below it that are not there yet, deepest first. Without recursion: a graph may be a chain. */
function behindNeeds(name: string, needs: Needs, known: ReadonlyMap<string, unknown>): string[] {
  const order = new Set<string>()
  const stack = [name]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const open = (needs.get(top) ?? []).filter((need) => !known.has(need) && !order.has(need))
    if (open.length > 0 && !known.has(top)) {
      stack.push(...open.toReversed())
      continue
    }
    stack.pop()
    if (!known.has(top)) order.add(top)
  }
  return [...order]
}

/** The first circle that is met, as `a, b, a`: each needs the one behind it. */
function findCycle(needs: Needs): string[] | undefined {
  const done = new Set<string>()
  for (const start of needs.keys()) {
    const trail = [start]
    const places = new Map([[start, 0]])
    while (trail.length > 0) {
      const top = trail.at(-1) as string
      const next = (needs.get(top) ?? []).find((need) => !done.has(need))
      if (next === undefined) {
        done.add(top)
        places.delete(top)
        trail.pop()
        continue
      }
      const place = places.get(next)
      if (place !== undefined) return [...trail.slice(place), next]
      places.set(next, trail.length)
      trail.push(next)
    }
  }
  return undefined
}

function checkKeys(jobs: readonly GraphJob[]): void {
  const owners = new Map<string, string>()
  for (const { document, name } of jobs) {
    const { key } = document
    if (key === undefined) continue
    const other = owners.get(key)
    if (other !== undefined) {
      throw new MeshError('FIELD_INVALID', `job ${name} has the key of job ${other}`, {
        path: `jobs.${name}.key`,
        hint: 'give each job a key of its own, or none'
      })
    }
    owners.set(key, name)
  }
}

function checkSchedules(jobs: readonly GraphJob[]): void {
  const schedules = new Set(
    jobs.filter(({ document }) => document.schedule?.cron !== undefined).map(({ name }) => name)
  )
  for (const { document, name } of jobs) {
    const need = needsOf(document).find(({ job }) => schedules.has(job))
    if (need !== undefined) inJob(name, () => refuseScheduleNeed(need))
  }
}

/** A job by cron never completes. @throws MeshError FIELD_INVALID */
export function refuseScheduleNeed({ job, path }: Need): never {
  throw new MeshError('FIELD_INVALID', `"${job}" is a schedule, which never completes`, {
    path,
    hint: 'name a job that runs once'
  })
}

/** What one job takes of another must be there once that has ended. */
function checkOutputs(jobs: readonly GraphJob[]): void {
  const documents = new Map(jobs.map(({ document, name }) => [name, document]))
  for (const { document, name } of jobs) {
    for (const { origin, path } of inputsOf(document)) {
      const from = origin.kind === 'job' ? documents.get(origin.output.job) : undefined
      if (origin.kind !== 'job' || from === undefined) continue
      inJob(name, () => checkOutputExists(from, origin.output, `${path}.from`))
    }
  }
}

function withoutJobExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'jobs')) return value
  const { jobs } = value as { jobs: unknown }
  if (typeof jobs !== 'object' || jobs === null || Array.isArray(jobs)) return value
  const stripped = Object.entries(jobs).map(([name, job]) => [name, withoutExtensions(job)])
  return { ...value, jobs: Object.fromEntries(stripped) as unknown }
}
