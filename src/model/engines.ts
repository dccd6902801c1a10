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

/** Those whose tasks have a folder of their own, in which they find inputs and leave outputs. */
export const FILE_ENGINES: readonly Engine[] = [
  'container',
  'function',
  'javascript',
  'process',
  'wasm'
]

/** What an engine's sandbox takes before its task has begun: to less than that it could not hold anybody. */
export const MEMORY_BYTES_MIN = { javascript: 16 * 2 ** 20 } as const

/** How many workers keep a file where the job does not say. */
export const STORAGE_COPIES = 2

/** Files of a module lie in its sandbox's memory: more of them belong with engine `process`. */
export const DISK_BYTES_MAX = { wasm: 2 ** 30 } as const
