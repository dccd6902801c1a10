/**
 * A job document, checked and compiled: units turned into numbers, defaults filled in, conditions
 * parsed. The one place where the names of job files become the names of the code.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { parseBytes, parseDurationMs } from '../core/units.ts'
import { parseRequirement } from './requirement.ts'
import { validatorFor } from './validate.ts'
import type { Blame } from '../core/errors.ts'
import type { Requirement } from './requirement.ts'
import type {
  ItemDocument,
  JobDocument,
  Preset,
  TaskDocument,
  WeightsDocument
} from './generated/job.ts'

export type { ItemDocument, JobDocument, Preset, TaskDocument, WeightsDocument }

export interface ResourceRequest {
  cpuCores: number
  memoryBytes: number
  diskBytes: number
  gpuCount: number
}

export interface Placement {
  require: readonly Requirement[]
  prefer: readonly { requirement: Requirement; weight: number }[]
  latencyMsMax: number | undefined
  reputationMin: number | undefined
  evidenceMin: number | undefined
  /** Empty means any. */
  only: readonly string[]
  never: readonly string[]
}

export interface RoutePolicy {
  preset: Preset | undefined
  weights: WeightsDocument | undefined
  /** At random by score among this many of the best; 1 is always the best. */
  pickCount: number
}

export interface RetryPolicy {
  attemptsMax: number
  backoff: { isExponential: boolean; delayMs: number; delayMsMax: number; jitterRatio: number }
  on: readonly Blame[]
  sameWorker: 'avoid' | 'never' | 'allow'
}

/** What the router needs to know of a job to see it through, without its bodies. */
export interface JobPlan {
  priority: number
  engine: TaskDocument['engine']
  resources: ResourceRequest
  placement: Placement
  route: RoutePolicy
  timeouts: { queueMs: number; runMs: number; totalMs: number }
  retry: RetryPolicy
}

export const JOB_DEFAULTS = {
  priority: 50,
  /** What a task's sandbox may use if the job names nothing. */
  memory: '128MiB',
  pick: 'top3',
  timeouts: { queue: '10m', run: '30m', total: '1h' },
  retry: { attempts: 3, delay: '1s', max: '1m', jitter: 0.5, on: ['worker', 'network', 'router'] }
} as const

const validateJob = validatorFor<JobDocument>('job')

/**
 * Checks a job document from outside.
 * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID, REQUEST_TOO_LARGE
 */
export function checkJob(value: unknown): JobDocument {
  const document = validateJob(withoutExtensions(value))
  const items = document.each ?? []
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
    checkOverride(document.task, item, index)
  })
  return document
}

/** @throws MeshError FIELD_INVALID where a text does not parse */
export function compileJob(document: JobDocument): JobPlan {
  const { timeouts = {}, retry = {}, route = {} } = document
  return {
    priority: document.priority ?? JOB_DEFAULTS.priority,
    engine: document.task.engine,
    resources: compileResources(document.resources ?? {}),
    placement: compilePlacement(document.where ?? {}),
    route: {
      preset: route.preset,
      weights: route.weights,
      pickCount: pickCount(route.pick ?? JOB_DEFAULTS.pick)
    },
    timeouts: {
      queueMs: parseDurationMs(timeouts.queue ?? JOB_DEFAULTS.timeouts.queue, 'timeouts.queue'),
      runMs: aboveZero(
        parseDurationMs(timeouts.run ?? JOB_DEFAULTS.timeouts.run, 'timeouts.run'),
        'timeouts.run'
      ),
      totalMs: parseDurationMs(timeouts.total ?? JOB_DEFAULTS.timeouts.total, 'timeouts.total')
    },
    retry: compileRetry(retry)
  }
}

/** What a task cannot do without any of, and a worker would only refuse. */
function aboveZero(value: number, path: string): number {
  if (value > 0) return value
  throw new MeshError('FIELD_INVALID', `${path} must be above zero`, {
    path,
    hint: 'leave it out for the default'
  })
}

/** How many tasks a job has. */
export function itemCount(document: JobDocument): number {
  return document.each?.length ?? 1
}

export function itemId(item: ItemDocument | undefined, index: number): string {
  return item?.id ?? String(index)
}

/** The task of one item, with that item's overrides: what a worker gets. */
export function taskOfItem(document: JobDocument, index: number): TaskDocument {
  const item = document.each?.[index]
  if (item === undefined) return document.task
  const { id: _id, ...overrides } = item
  return { ...document.task, ...overrides }
}

/**
 * One task's JSON text, ready for the wire.
 * @throws MeshError REQUEST_TOO_LARGE
 */
export function encodeTask(document: JobDocument, index: number): string {
  const text = JSON.stringify(taskOfItem(document, index))
  if (Buffer.byteLength(text) > LIMITS.taskBytesMax) {
    throw new MeshError(
      'REQUEST_TOO_LARGE',
      `the task of item ${itemId(document.each?.[index], index)} is longer than ${LIMITS.taskBytesMax} bytes`,
      {
        path: document.each === undefined ? 'task' : `each[${index}]`,
        hint: 'pass less input to one task'
      }
    )
  }
  return text
}

function compileResources(resources: NonNullable<JobDocument['resources']>): ResourceRequest {
  return {
    cpuCores: resources.cpu ?? 0,
    memoryBytes: aboveZero(
      parseBytes(resources.memory ?? JOB_DEFAULTS.memory, 'resources.memory'),
      'resources.memory'
    ),
    diskBytes: parseBytes(resources.disk ?? 0, 'resources.disk'),
    gpuCount: resources.gpu ?? 0
  }
}

function compileRetry(retry: NonNullable<JobDocument['retry']>): RetryPolicy {
  const backoff = retry.backoff ?? {}
  const defaults = JOB_DEFAULTS.retry
  return {
    attemptsMax: Math.min(retry.attempts ?? defaults.attempts, LIMITS.attemptsMax),
    backoff: {
      isExponential: backoff.type !== 'fixed',
      delayMs: parseDurationMs(backoff.delay ?? defaults.delay, 'retry.backoff.delay'),
      delayMsMax: parseDurationMs(backoff.max ?? defaults.max, 'retry.backoff.max'),
      jitterRatio: backoff.jitter ?? defaults.jitter
    },
    on: retry.on ?? defaults.on,
    sameWorker: retry.same_worker ?? 'avoid'
  }
}

function compilePlacement(where: NonNullable<JobDocument['where']>): Placement {
  return {
    require: (where.require ?? []).map((text, index) =>
      parseRequirement(text, `where.require[${index}]`)
    ),
    prefer: (where.prefer ?? []).map(({ match, weight }, index) => ({
      requirement: parseRequirement(match, `where.prefer[${index}].match`),
      weight
    })),
    latencyMsMax: where.max_latency_ms,
    reputationMin: where.min_reputation,
    evidenceMin: where.min_evidence,
    only: where.only ?? [],
    never: where.never ?? []
  }
}

function pickCount(pick: string): number {
  return pick === 'best' ? 1 : Number(pick.slice('top'.length))
}

/** An item may only override what its engine's task has. */
function checkOverride(task: TaskDocument, item: ItemDocument, index: number): void {
  const wrong = task.engine === 'builtin' ? 'input' : 'args'
  const right = task.engine === 'builtin' ? 'args' : 'input'
  if (Object.hasOwn(item, wrong)) {
    throw new MeshError(
      'FIELD_INVALID',
      `each[${index}].${wrong} does not fit engine ${task.engine}`,
      {
        path: `each[${index}].${wrong}`,
        hint: `use "${right}"`
      }
    )
  }
}

/** `x_…` keys of the document belong to whoever wrote them. */
function withoutExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value)
  return entries.some(([key]) => key.startsWith('x_'))
    ? Object.fromEntries(entries.filter(([key]) => !key.startsWith('x_')))
    : value
}
