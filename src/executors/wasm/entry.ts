/** The sandbox host for WebAssembly programs: one thread runs them, this one listens to both sides. */
import { Worker } from 'node:worker_threads'
import { assert } from '../../core/assert.ts'
import { deferred } from '../../core/abort.ts'
import { serveTasks } from '../sandbox/serve-tasks.ts'
import { siblingModule } from '../../core/sibling-module.ts'
import { systemClock } from '../../core/clock.ts'
import type { Deferred } from '../../core/abort.ts'
import type { FromThread, ToThread } from './guest-thread.ts'
import type { GuestEnd, GuestRun } from '../sandbox/serve-tasks.ts'
import type { WasmRequest } from './program.ts'

/** How often what was written is passed on, if it is not enough to go by itself. */
const FLUSH_PERIOD_MS = 20
/** Holds a result and its copies; what a program has lies in memories outside of V8's heap. */
const THREAD_HEAP_MIB_MAX = 128

interface Running {
  task: GuestRun<WasmRequest>
  end: Deferred<GuestEnd>
}

const ready = deferred<void>()
let running: Running | undefined

const thread = new Worker(siblingModule(import.meta.url, 'guest-thread'), {
  resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MIB_MAX }
})
thread.on('message', (message: FromThread) => {
  if (message.type === 'ready') return ready.resolve()
  assert(running !== undefined, 'the thread speaks only while it has a task')
  const { end, task } = running
  if (message.type === 'log') task.logs.write(message.stream, message.text, message.droppedBytes)
  else if (message.type === 'progress') task.progress.report(message.progress)
  else end.resolve(message.end)
})
thread.on('error', (cause) => {
  // Nobody can say what state it was in; the parent reads this on stderr and starts another host.
  throw cause
})
await ready.promise
serveTasks(run)

async function run(task: GuestRun<WasmRequest>): Promise<GuestEnd> {
  const { attachments, logs, memoryBytesMax, progress, request } = task
  running = { task, end: deferred() }
  const cancelFlush = systemClock.every(FLUSH_PERIOD_MS, () => {
    logs.flushIfStale()
    progress.flushIfStale()
  })
  const moved = attachments.map(({ buffer }) => buffer)
  thread.postMessage({ request, attachments, memoryBytesMax } satisfies ToThread, moved)
  const end = await running.end.promise
  cancelFlush()
  running = undefined
  return end
}
