/**
 * Runs one program from its first instruction to its last and turns whatever happens into a plain end.
 * It cannot stop a program that never calls the system; that is left to the process around it.
 */
import { ErrorStream, OutputStream } from './guest-streams.ts'
import { ModuleCache } from './module-cache.ts'
import { PAGE_BYTES, PAGES_MAX } from './memory-bounds.ts'
import { ProgramExit } from '../wasi/program-exit.ts'
import { WASI_MODULE } from '../wasi/abi.ts'
import { createWorld } from './world.ts'
import { describeFault } from './faults.ts'
import { collectProduced, encodeResult } from './result.ts'
import { outputTail } from '../output-tail.ts'
import { systemClock } from '../../core/clock.ts'
import type { Beginning } from '../repeatable.ts'
import type { GuestEnd } from '../sandbox/serve-tasks.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { WasiSystem } from '../wasi/wasi-system.ts'
import type { WasmTask } from '../../model/generated/job.ts'

/** A task as it comes from the executor. */
export interface WasmRequest
  extends Omit<WasmTask, 'engine' | 'module' | 'seed' | 'time'>, Beginning {
  /** What it finds beside its files, for reading; their bytes are attached. */
  inputs: readonly InputPaths[]
  /** Paths of files and folders whose bytes are wanted when it has ended well. */
  wishes: readonly string[]
  functionBytesMax: number
  /** Of all its files together. */
  fileBytesMax: number
}

/** An input by its path in the task, and what is in it: of a file the empty path alone. */
export interface InputPaths {
  path: string
  files: readonly string[]
}

/** What goes with a request beside it. */
export interface ProgramTerms {
  /** The module, then the files of the inputs in their order. */
  attachments: readonly Uint8Array<ArrayBuffer>[]
  memoryBytesMax: number
}

export interface ProgramEars {
  onLog: (stream: LogEntry['stream'], text: string, droppedBytes: number) => void
  onProgress: (progress: TaskProgress) => void
}

export class ProgramRunner {
  readonly #modules = new ModuleCache()

  run(
    request: WasmRequest,
    { attachments, memoryBytesMax }: ProgramTerms,
    ears: ProgramEars
  ): GuestEnd {
    const memoryPagesMax = Math.min(PAGES_MAX, Math.max(1, Math.floor(memoryBytesMax / PAGE_BYTES)))
    const limits = { memoryPagesMax, functionBytesMax: request.functionBytesMax }
    const [bytes = new Uint8Array(), ...contents] = attachments
    const stdout = new OutputStream()
    const stderr = new ErrorStream({
      clock: systemClock,
      send: (text, droppedBytes) => ears.onLog('err', text, droppedBytes)
    })
    let memory: WebAssembly.Memory | undefined
    let wasi: WasiSystem | undefined
    const peakBytes = (): number => memory?.buffer.byteLength ?? 0
    try {
      const module = this.#modules.compile(bytes, limits)
      wasi = createWorld(request, contents, {
        stdin: request.stdin ?? '',
        stdout,
        stderr,
        ...ears
      })
      const instance = new WebAssembly.Instance(module, { [WASI_MODULE]: wasi.imports() })
      memory = instance.exports['memory'] as WebAssembly.Memory
      wasi.attach(memory)
      runToEnd(wasi, instance.exports['_start'] as () => void)
      const output = encodeResult(stdout.content, wasi.files, request.outputs)
      const produced = collectProduced(wasi.files, request)
      stderr.end()
      return { output, produced, peakMemoryBytes: peakBytes(), isSpent: false }
    } catch (cause) {
      stderr.end()
      const lostOutput = outputTail(stdout.content)
      if (lostOutput !== '') ears.onLog('out', lostOutput, 0)
      const fault = describeFault(cause, {
        module: () => bytes,
        memoryBytes: peakBytes(),
        memoryBytesMax: memoryPagesMax * PAGE_BYTES,
        fileBytesMax: request.fileBytesMax,
        lack: wasi?.files.lack,
        stderr: stderr.tail,
        stdout: stdout.tail
      })
      return { fault, peakMemoryBytes: peakBytes(), isSpent: false }
    }
  }
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
