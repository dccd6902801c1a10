/**
 * The engines, and what each can give a task at all, on whoever's worker. A job that asks for more fits
 * nowhere, and hears so when it is submitted rather than after a wait in the queue.
 */
import type { TaskDocument } from './generated/job.ts'

type Engine = TaskDocument['engine']

export const ENGINES: readonly Engine[] = [
  'builtin',
  'container',
  'function',
  'javascript',
  'process',
  'storage',
  'wasm'
]

/** Programs of the machine's own, and what a program around the worker has registered; the others' guests are sealed in. */
export const NETWORK_ENGINES: readonly Engine[] = ['container', 'function', 'process']

export const GPU_ENGINES: readonly Engine[] = ['container', 'function', 'process']

/** What an engine's sandbox takes before its task has begun: to less than that it could not hold anybody. */
export const MEMORY_BYTES_MIN = { javascript: 16 * 2 ** 20 } as const

/** Files of a module lie in its sandbox's memory: more of them belong with engine `process`. */
export const DISK_BYTES_MAX = { wasm: 2 ** 30 } as const
