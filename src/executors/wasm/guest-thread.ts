/**
 * The thread of a sandbox host in which a program runs. It is there because a program cannot be
 * interrupted: beside it the host's main thread still passes on what was written, and notices when
 * its parent is gone.
 */
import { parentPort } from 'node:worker_threads'
import { ProgramRunner } from './program.ts'
import { ProgressBuffer } from '../sandbox/progress-buffer.ts'
import { assert } from '../../core/assert.ts'
import { systemClock } from '../../core/clock.ts'
import type { GuestEnd } from '../sandbox/serve-tasks.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { WasmRequest } from './program.ts'

export interface ToThread {
  request: WasmRequest
  /** The module, then the files of the inputs in their order. */
  attachments: readonly Uint8Array<ArrayBuffer>[]
  memoryBytesMax: number
}

export type FromThread =
  | { type: 'ready' }
  | { type: 'log'; stream: LogEntry['stream']; text: string; droppedBytes: number }
  | { type: 'progress'; progress: TaskProgress }
  | { type: 'end'; end: GuestEnd }

/** Memories of programs that have ended are real; V8 would let several pile up before it looks. */
const GARBAGE_BYTES_MAX = 64 * 1_024 * 1_024

assert(parentPort !== null, 'this file is the code of a thread')
const port = parentPort
const runner = new ProgramRunner()
let garbageBytes = 0

port.on('message', ({ attachments, memoryBytesMax, request }: ToThread) => {
  const progress = new ProgressBuffer({
    clock: systemClock,
    send: (report) => post({ type: 'progress', progress: report })
  })
  const end = runner.run(
    request,
    { attachments, memoryBytesMax },
    {
      onLog: (stream, text, droppedBytes) => post({ type: 'log', stream, text, droppedBytes }),
      onProgress: (report) => progress.report(report)
    }
  )
  progress.flush()
  // Moved, not copied; two outputs may be one file.
  const moved = (end.produced ?? []).map(({ content }) => content.buffer as ArrayBuffer)
  post({ type: 'end', end }, [...new Set(moved)])
  garbageBytes += end.peakMemoryBytes
  if (garbageBytes < GARBAGE_BYTES_MAX) return
  garbageBytes = 0
  globalThis.gc?.()
})
post({ type: 'ready' })

function post(message: FromThread, moved: ArrayBuffer[] = []): void {
  port.postMessage(message, moved)
}
