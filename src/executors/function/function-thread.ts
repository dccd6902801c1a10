/** What runs on a thread of a function's pool: finds the function in its module, calls it, passes on what it says. */
import { callFunction } from './function-call.ts'
import { systemClock } from '../../core/clock.ts'
import type { FunctionEnd } from './function-call.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { MessagePort } from 'node:worker_threads'
import type { ModuleBody, TaskFunction } from './definitions.ts'

type Place = Pick<ModuleBody, 'module' | 'exportName'>

export interface ThreadCall extends Place {
  input: unknown
  /** By which it speaks, and hears when it is to end. */
  port: MessagePort
}

export type ThreadMessage =
  | { type: 'log'; entry: LogEntry }
  | { type: 'progress'; progress: TaskProgress }
  | { type: 'done'; end: FunctionEnd }

/** @throws Error where there is none */
export async function findFunction(place: Place): Promise<void> {
  await load(place)
}

export async function runFunction({ input, port, ...place }: ThreadCall): Promise<void> {
  const ending = new AbortController()
  const send = (message: ThreadMessage): void => port.postMessage(message)
  port.on('message', () => ending.abort(new Error('the task is to end')))
  try {
    const end = await callFunction(systemClock, await load(place), {
      input,
      signal: ending.signal,
      onLog: (entry) => send({ type: 'log', entry }),
      onProgress: (progress) => send({ type: 'progress', progress })
    })
    send({ type: 'done', end })
  } finally {
    port.close()
  }
}

async function load({ exportName, module }: Place): Promise<TaskFunction> {
  const exported = ((await import(module)) as Record<string, unknown>)[exportName]
  if (typeof exported === 'function') return exported as TaskFunction
  throw new Error(`${module} exports no function "${exportName}"`)
}
