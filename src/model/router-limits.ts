/**
 * What a worker's owner lets one router ask of it, and in which words a task hears that it asks for more. The
 * worker holds every task to it; the router knows it too, and sends no task that would come back.
 */
import { formatBytes, formatDuration } from '../core/units.ts'
import type { RouterLimits } from './generated/capability-record.ts'

export type { RouterLimits } from './generated/capability-record.ts'

/** What a task asks for. Nothing of something is 0. */
export interface TaskAsk {
  engine: string
  cpuCores: number
  memoryBytes: number
  diskBytes: number
  gpuCount: number
  runMs: number
  hasNetwork: boolean
}

export interface Breach {
  /** What its owner does: `lets this router have 2 CPU cores for a task, and it asks for 4`. */
  words: string
  /** The field of the job that asks for it. */
  path: string | undefined
}

/** The first thing of which a task asks for more than the owner lets its router have. */
export function breachOf(limits: RouterLimits, ask: TaskAsk): Breach | undefined {
  if (limits.denied === true) return { words: 'takes no tasks of this router', path: undefined }
  if (limits.engines?.some((engine) => engine === ask.engine) === false) {
    const words = `lets this router use ${limits.engines.toSorted().join(', ')}, not ${ask.engine}`
    return { words, path: 'task.engine' }
  }
  if (limits.network === false && ask.hasNetwork) {
    return { words: 'keeps tasks of this router from the network', path: 'network.mode' }
  }
  const over = AMOUNTS.find(({ allowed, asked }) => asked(ask) > (allowed(limits) ?? Infinity))
  if (over === undefined) return undefined
  const [allowed, asked] = [over.allowed(limits) ?? Infinity, over.asked(ask)].map(over.format)
  return { words: `lets a task of this router have ${allowed}, not ${asked}`, path: over.path }
}

/** How many tasks a router may have and send there: `2 tasks at once, 10 more waiting, 60 tasks in 1m`. */
export function describeAllowance({ queued, rate, slots }: RouterLimits): string {
  const parts = [
    slots === undefined ? '' : `${tasks(slots)} at once`,
    queued === undefined ? '' : `${slots === undefined ? tasks(queued) : `${queued} more`} waiting`,
    rate === undefined ? '' : `${tasks(rate.count)} in ${formatDuration(rate.per_ms)}`
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function tasks(count: number): string {
  return `${count} ${count === 1 ? 'task' : 'tasks'}`
}

/** Something of which a task has so much. */
interface Amount {
  path: string
  allowed: (limits: RouterLimits) => number | undefined
  asked: (ask: TaskAsk) => number
  format: (value: number) => string
}

const AMOUNTS: readonly Amount[] = [
  {
    path: 'resources.cpu',
    allowed: ({ cpu_cores: cpuCores }) => cpuCores,
    asked: ({ cpuCores }) => cpuCores,
    format: (cores) => `${cores} CPU ${cores === 1 ? 'core' : 'cores'}`
  },
  {
    path: 'resources.memory',
    allowed: ({ memory_bytes: bytes }) => bytes,
    asked: ({ memoryBytes }) => memoryBytes,
    format: (bytes) => `${formatBytes(bytes)} of memory`
  },
  {
    path: 'resources.disk',
    allowed: ({ disk_bytes: bytes }) => bytes,
    asked: ({ diskBytes }) => diskBytes,
    format: (bytes) => `${formatBytes(bytes)} of disk`
  },
  {
    path: 'resources.gpu',
    allowed: ({ gpu_count: count }) => count,
    asked: ({ gpuCount }) => gpuCount,
    format: (count) => `${count} ${count === 1 ? 'GPU' : 'GPUs'}`
  },
  {
    path: 'timeouts.run',
    allowed: ({ run_timeout_ms: runMs }) => runMs,
    asked: ({ runMs }) => runMs,
    format: (runMs) => `${formatDuration(runMs)} to run`
  }
]
