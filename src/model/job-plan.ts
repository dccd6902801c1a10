/**
 * What the router needs to know of a job to see it through, compiled from its document without the
 * bodies: units turned into numbers, defaults filled in, conditions parsed.
 */
import { hasInputs } from './job-inputs.ts'
import { compileSchedule } from './schedule.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { parseBytes, parseDurationMs } from '../core/units.ts'
import { isProgramName } from './task-names.ts'
import { parseRequirement } from './requirement.ts'
import { compileVerify } from './verify-plan.ts'
import { taskTypeOf } from './task-type.ts'
import type { Blame } from '../core/errors.ts'
import type { JobDocument, Preset, TaskDocument, WeightsDocument } from './generated/job.ts'
import type { Requirement } from './requirement.ts'
import type { SchedulePlan } from './schedule.ts'
import type { VerifyPlan } from './verify-plan.ts'

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
  /** At random among so many of the best, the nearly equal ones above all; 1 is always the best. */
  pickCount: number
}

export interface RetryPolicy {
  attemptsMax: number
  backoff: { isExponential: boolean; delayMs: number; delayMsMax: number; jitterRatio: number }
  on: readonly Blame[]
  sameWorker: 'avoid' | 'never' | 'allow'
  /** What becomes of an item that is not tried again. */
  then: 'fail' | 'hold'
}

export interface JobPlan {
  priority: number
  engine: TaskDocument['engine']
  /** What the task names and a worker must have: its function, its program or its image, by the engine. */
  taskName: string | undefined
  /** Which kind of work its tasks are: what is learnt of one is expected of the next. */
  taskType: string
  /** `every`: one item on each worker that fits. */
  ops: 'once' | 'every'
  schedule: SchedulePlan | undefined
  resources: ResourceRequest
  hasNetwork: boolean
  placement: Placement
  route: RoutePolicy
  /** Whether a straggler may get a backup copy: its task bears being run twice at once. */
  isHedged: boolean
  verify: VerifyPlan
  timeouts: { queueMs: number; runMs: number; totalMs: number; stopMs: number }
  retry: RetryPolicy
  /** How long a silent worker is waited for, and what then. */
  onDisconnect: { waitMs: number; then: 'reroute' | 'hold' }
  /** Whether some of its tasks read files of the mesh. */
  hasInputs: boolean
  /** Whether its tasks leave files for the mesh. */
  hasOutputs: boolean
  /** Whether what an equal task returned before will do. */
  cache: 'use' | 'refresh' | 'off'
  /** How long results and logs stay after the end. */
  keep: { resultMs: number; logsMs: number }
}

const SPEC_KEYS = [
  'priority',
  'ops',
  'schedule',
  'resources',
  'network',
  'where',
  'route',
  'timeouts',
  'retry',
  'on_disconnect',
  'cache',
  'verify',
  'keep'
] as const satisfies readonly (keyof JobDocument)[]

/**
 * A document without its bodies, names and ids: all that a plan is compiled from. Each job's record
 * has it, so that a restarted router reads no documents; keys that the document leaves out are out.
 */
export interface JobSpec extends Pick<JobDocument, (typeof SPEC_KEYS)[number]> {
  engine: TaskDocument['engine']
  /** Which kind of work its tasks are; absent in jobs stored by older versions. */
  type?: string
  /** What a task of engine `function` calls. */
  function?: string
  /** What all tasks of engine `process` start, where that is the same and known. */
  program?: string
  /** What a task of engine `container` runs in. */
  image?: string
  /** Some of its tasks read files of the mesh. */
  inputs?: true
  /** It has several items, and what it returns is a list. */
  each?: true
  /** Its tasks leave files for the mesh. */
  outputs?: true
}

export const JOB_DEFAULTS = {
  priority: 50,
  /** What a task's sandbox may use if the job names nothing. */
  memory: '128MiB',
  pick: 'top3',
  timeouts: { queue: '10m', run: '30m', total: '1h', stop: '5s' },
  retry: { attempts: 3, delay: '1s', max: '1m', jitter: 0.5, on: ['worker', 'network', 'router'] },
  disconnectWait: '30s',
  keep: '7d'
} as const

/** What is to be kept may be large, and the way to it slow. */
const STORAGE_TIMEOUTS = { ...JOB_DEFAULTS.timeouts, run: '24h', total: '48h' } as const

/** The same text for documents that ask for the same, as its keys stand in one order. */
export function specOf(document: JobDocument): JobSpec {
  const asked = SPEC_KEYS.flatMap((key) =>
    document[key] === undefined ? [] : [[key, document[key]] as const]
  )
  const named = namedBy(document)
  return {
    engine: document.task.engine,
    type: taskTypeOf(document.task, named.program),
    ...named,
    ...(hasInputs(document) ? { inputs: true } : {}),
    ...(isList(document) ? { each: true } : {}),
    ...((document.outputs ?? []).length > 0 ? { outputs: true } : {}),
    ...(Object.fromEntries(asked) as Pick<JobDocument, (typeof SPEC_KEYS)[number]>)
  }
}

/** What it returns is a list, with something of each item. */
export function isList({ each, task }: JobDocument): boolean {
  return each !== undefined || task.engine === 'storage'
}

function namedBy({
  each = [],
  task
}: JobDocument): Pick<JobSpec, 'function' | 'program' | 'image'> {
  switch (task.engine) {
    case 'function':
      return { function: task.name }
    case 'container':
      return { image: task.image }
    case 'process': {
      const items = each.length === 0 ? [task] : each
      const programs = new Set(items.map(({ argv = task.argv }) => argv[0]))
      const [program] = programs
      // What no worker could have is not waited for: the engine says what is wrong with it.
      const isOne = programs.size === 1 && typeof program === 'string' && isProgramName(program)
      return isOne ? { program } : {}
    }
    case 'builtin':
    case 'javascript':
    case 'storage':
    case 'wasm':
      return {}
  }
}

/** @throws MeshError FIELD_INVALID where a text does not parse */
export function compileSpec(spec: JobSpec): JobPlan {
  return {
    priority: spec.priority ?? JOB_DEFAULTS.priority,
    ...compileKind(spec),
    ops: spec.ops ?? 'once',
    schedule: spec.schedule === undefined ? undefined : compileSchedule(spec.schedule),
    resources: compileResources(spec.resources ?? {}),
    hasNetwork: spec.network?.mode === 'full',
    hasInputs: spec.inputs === true,
    hasOutputs: spec.outputs === true,
    cache: spec.cache ?? 'off',
    placement: compilePlacement(spec.where ?? {}),
    route: compileRoute(spec.route ?? {}),
    isHedged: isHedged(spec),
    verify: compileVerify(spec.verify),
    timeouts: compileTimeouts(spec.timeouts ?? {}, spec.engine),
    retry: compileRetry(spec.retry ?? {}),
    onDisconnect: compileDisconnect(spec.on_disconnect ?? {}),
    keep: compileKeep(spec.keep ?? {})
  }
}

type Asked<K extends keyof JobSpec> = NonNullable<JobSpec[K]>

function compileKind(spec: JobSpec): Pick<JobPlan, 'engine' | 'taskName' | 'taskType'> {
  const { engine, type = engine } = spec
  return { engine, taskName: spec.function ?? spec.program ?? spec.image, taskType: type }
}

/** What a task cannot do without any of, and a worker would only refuse. */
function aboveZero(value: number, path: string): number {
  if (value > 0) return value
  throw new MeshError('FIELD_INVALID', `${path} must be above zero`, {
    path,
    hint: 'leave it out for the default'
  })
}

function compileResources(resources: Asked<'resources'>): ResourceRequest {
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

function compileRoute({ pick, preset, weights }: Asked<'route'>): RoutePolicy {
  return { preset, weights, pickCount: pickCount(pick ?? JOB_DEFAULTS.pick) }
}

/** Where the job does not say: tasks that cannot touch anything outside bear it. */
function isHedged({ engine, network, outputs, route }: JobSpec): boolean {
  if (route?.hedge !== undefined) return route.hedge
  if (network?.mode === 'full' || outputs === true) return false
  return engine === 'builtin' || engine === 'javascript' || engine === 'wasm'
}

function compileTimeouts(
  { queue, run, stop, total }: Asked<'timeouts'>,
  engine: JobSpec['engine']
): JobPlan['timeouts'] {
  const defaults = engine === 'storage' ? STORAGE_TIMEOUTS : JOB_DEFAULTS.timeouts
  return {
    queueMs: parseDurationMs(queue ?? defaults.queue, 'timeouts.queue'),
    runMs: aboveZero(parseDurationMs(run ?? defaults.run, 'timeouts.run'), 'timeouts.run'),
    totalMs: parseDurationMs(total ?? defaults.total, 'timeouts.total'),
    stopMs: parseDurationMs(stop ?? defaults.stop, 'timeouts.stop')
  }
}

function compileDisconnect({ then, wait }: Asked<'on_disconnect'>): JobPlan['onDisconnect'] {
  const waitMs = parseDurationMs(wait ?? JOB_DEFAULTS.disconnectWait, 'on_disconnect.wait')
  return { waitMs, then: then ?? 'reroute' }
}

function compileKeep({ logs, result }: Asked<'keep'>): JobPlan['keep'] {
  return {
    resultMs: parseDurationMs(result ?? JOB_DEFAULTS.keep, 'keep.result'),
    logsMs: parseDurationMs(logs ?? JOB_DEFAULTS.keep, 'keep.logs')
  }
}

function compileRetry(retry: Asked<'retry'>): RetryPolicy {
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
    sameWorker: retry.same_worker ?? 'avoid',
    then: retry.then ?? 'fail'
  }
}

function compilePlacement(where: Asked<'where'>): Placement {
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
