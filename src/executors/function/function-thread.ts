/** What runs on a thread of a function's pool: finds the function in its module, calls it, passes on what it says. */
import { FunctionReports } from './function-reports.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { callFunction } from './function-call.ts'
import { captureOutput, listenToOutput } from './thread-output.ts'
import { faultOf } from './function-fault.ts'
import { systemClock } from '../../core/clock.ts'
import type { ErrorData } from '../../core/errors.ts'
import type { FunctionCall, FunctionEnd } from './function-call.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { MessagePort } from 'node:worker_threads'
import type { ModuleBody } from './known-function.ts'
import type { TaskFunction } from './definitions.ts'

type Place = Pick<ModuleBody, 'module' | 'exportName'>

export interface ThreadCall extends Place, Omit<FunctionCall, 'onLog' | 'onProgress' | 'signal'> {
  /** By which it speaks, and hears when and why it is to end. */
  port: MessagePort
}

export type ThreadMessage =
  | { type: 'log'; entry: LogEntry }
  | { type: 'progress'; progress: TaskProgress }
  | { type: 'done'; end: FunctionEnd }

captureOutput()

/** @throws Error where there is none */
export async function findFunction(place: Place): Promise<void> {
  await load(place)
}

export async function runFunction({ port, ...call }: ThreadCall): Promise<void> {
  try {
    port.postMessage({ type: 'done', end: await callOver(port, call) } satisfies ThreadMessage)
  } finally {
    port.close()
  }
}

async function callOver(
  port: MessagePort,
  { exportName, module, ...call }: Omit<ThreadCall, 'port'>
): Promise<FunctionEnd> {
  const ending = new AbortController()
  const send = (message: ThreadMessage): void => port.postMessage(message)
  port.on('message', (why: ErrorData) => ending.abort(MeshError.fromData(why)))
  let run: TaskFunction
  try {
    run = await load({ exportName, module })
  } catch (cause) {
    return { fault: faultOf('ENGINE_UNAVAILABLE', messageOf(cause)), droppedBytes: 0 }
  }
  const reports = new FunctionReports(systemClock, {
    onLog: (entry) => send({ type: 'log', entry }),
    onProgress: (progress) => send({ type: 'progress', progress })
  })
  listenToOutput((stream, text) => reports.write(stream, text))
  const before = process.threadCpuUsage()
  const end = await callFunction(run, { ...call, signal: ending.signal }, reports)
  const { system, user } = process.threadCpuUsage(before)
  return { ...end, cpuMs: (system + user) / 1_000 }
}

async function load({ exportName, module }: Place): Promise<TaskFunction> {
  const exported = ((await import(module)) as Record<string, unknown>)[exportName]
  if (typeof exported === 'function') return exported as TaskFunction
  throw new Error(`${module} exports no function "${exportName}"`)
}
