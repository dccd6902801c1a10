/**
 * Runs one program from its first instruction to its last and turns whatever happens into a plain end.
 * It cannot stop a program that never calls the system; that is left to the process around it.
 */
import { randomFillSync } from 'node:crypto'
import { DeviceNode } from '../wasi/nodes.ts'
import { ErrorStream, OutputOverflow, OutputStream, progressDevice } from './guest-streams.ts'
import { FileError } from '../wasi/file-system.ts'
import { LIMITS } from '../../core/limits.ts'
import { ModuleCache } from './module-cache.ts'
import { ModuleRefusal } from './module-refusal.ts'
import { OutputMissing, encodeResult } from './result.ts'
import { PAGE_BYTES, PAGES_MAX } from './memory-bounds.ts'
import { ProgramExit } from '../wasi/program-exit.ts'
import { WASI_MODULE } from '../wasi/abi.ts'
import { WasiSystem } from '../wasi/wasi-system.ts'
import { bytesOfText, readTaskFiles } from '../task-files.ts'
import { systemClock } from '../../core/clock.ts'
import type { GuestEnd } from '../sandbox/serve-tasks.ts'
import type { GuestFault } from '../sandbox/messages.ts'
import type { TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { WasmTask } from '../../model/generated/job.ts'

/** A task as it comes from the executor. */
export interface WasmRequest extends Omit<WasmTask, 'engine'> {
  functionBytesMax: number
}

export interface ProgramEars {
  onLog: (text: string, droppedBytes: number) => void
  onProgress: (progress: TaskProgress) => void
}

type Fault = { code: GuestFault; message: string }

/** `argv[0]`, which programs show when they complain. */
const PROGRAM_NAME = 'program'
/** A file rather than an import of our own: a module that uses it runs elsewhere too. */
const PROGRESS_PATH = 'dev/progress'
const BASE64_PREFIX = 'base64:'
/** A memory this full is probably why a program gave up, which it seldom says itself. */
const FULL_MEMORY_RATIO = 7 / 8

const sleepCell = new Int32Array(new SharedArrayBuffer(4))

export class ProgramRunner {
  readonly #modules = new ModuleCache()

  run(request: WasmRequest, memoryBytesMax: number, ears: ProgramEars): GuestEnd {
    const memoryPagesMax = Math.min(PAGES_MAX, Math.max(1, Math.floor(memoryBytesMax / PAGE_BYTES)))
    const limits = { memoryPagesMax, functionBytesMax: request.functionBytesMax }
    const stdout = new OutputStream()
    const stderr = new ErrorStream({ clock: systemClock, send: ears.onLog })
    let memory: WebAssembly.Memory | undefined
    const peakBytes = (): number => memory?.buffer.byteLength ?? 0
    try {
      const module = this.#modules.compile(request.module.slice(BASE64_PREFIX.length), limits)
      const wasi = createSystem(request, { stdout, stderr, ears })
      const instance = new WebAssembly.Instance(module, { [WASI_MODULE]: wasi.imports() })
      memory = instance.exports['memory'] as WebAssembly.Memory
      wasi.attach(memory)
      runToEnd(wasi, instance.exports['_start'] as () => void)
      const output = encodeResult(stdout.content, wasi.files, request.outputs)
      return { output, peakMemoryBytes: peakBytes(), isSpent: false }
    } catch (cause) {
      const { code, message } = faultOf(cause)
      const why = [message, memoryNote(peakBytes(), memoryPagesMax), stderr.tail]
      const fault = { code, message: why.filter((part) => part !== '').join('\n') }
      return { fault, peakMemoryBytes: peakBytes(), isSpent: false }
    } finally {
      stderr.end()
    }
  }
}

interface ProgramStreams {
  stdout: OutputStream
  stderr: ErrorStream
  ears: ProgramEars
}

function createSystem(request: WasmRequest, { ears, stderr, stdout }: ProgramStreams): WasiSystem {
  const wasi = new WasiSystem({
    clock: systemClock,
    args: [PROGRAM_NAME, ...(request.args ?? [])],
    environment: Object.entries(request.env ?? {}).map(([name, value]) => `${name}=${value}`),
    stdin: inputDevice(bytesOfText(request.stdin ?? '', 'task.stdin')),
    stdout: stdout.device,
    stderr: stderr.device,
    fileBytesMax: LIMITS.taskFileBytesMax,
    filesMax: LIMITS.taskFilesMax,
    wait: (delayMs) => void Atomics.wait(sleepCell, 0, 0, delayMs),
    fillRandom: (target) => void randomFillSync(target)
  })
  wasi.files.place(PROGRESS_PATH, progressDevice(ears.onProgress))
  for (const [path, content] of readTaskFiles(request.files ?? [], 'task.files')) {
    wasi.files.place(path, content)
  }
  return wasi
}

/** @throws ProgramExit for an exit code but 0, and whatever else ended the program */
function runToEnd(wasi: WasiSystem, start: () => void): void {
  let thrown: unknown
  try {
    start()
  } catch (cause) {
    thrown = cause
  }
  // A program may have caught what a call threw to end it: that counts all the same.
  const end = wasi.end ?? thrown
  if (end === undefined || (end instanceof ProgramExit && end.exitCode === 0)) return
  throw end as Error
}

function faultOf(cause: unknown): Fault {
  if (cause instanceof ModuleRefusal) return cause
  if (cause instanceof ProgramExit) {
    return failed(`the program ended with exit code ${cause.exitCode}`)
  }
  if (cause instanceof OutputMissing) return failed(cause.message)
  // The names were checked before, so it is the quota.
  if (cause instanceof FileError) return failed('there are too many input files')
  if (cause instanceof OutputOverflow) {
    return { code: 'TASK_OUTPUT_TOO_LARGE', message: cause.message }
  }
  if (cause instanceof WebAssembly.CompileError) {
    return failed(`the module is not valid: ${cause.message}`)
  }
  if (cause instanceof WebAssembly.RuntimeError)
    return failed(`the program trapped: ${cause.message}`)
  // The stack ran out, in the program or in a call that it made.
  if (cause instanceof RangeError) return failed(`the program gave up: ${cause.message}`)
  // Not the program's mistake but ours: the host must not go on.
  throw cause
}

function failed(message: string): Fault {
  return { code: 'TASK_FAILED', message }
}

function memoryNote(bytes: number, pagesMax: number): string {
  const bytesMax = pagesMax * PAGE_BYTES
  return bytes < bytesMax * FULL_MEMORY_RATIO
    ? ''
    : `its memory had grown to ${bytes} of the ${bytesMax} bytes that it may have`
}

function inputDevice(bytes: Uint8Array): DeviceNode {
  let position = 0
  return new DeviceNode({
    read(target) {
      const part = bytes.subarray(position, position + target.byteLength)
      target.set(part)
      position += part.byteLength
      return part.byteLength
    }
  })
}
