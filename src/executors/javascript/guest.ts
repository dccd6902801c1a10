/**
 * One QuickJS instance and the one task that it runs: finds `main`, calls it, waits for its promise,
 * and turns whatever happens into a plain end. It cannot stop code that never asks whether it may go
 * on; that is left to the process around it.
 */
import { GUEST_GLUE, MAIN_EXPORT } from './guest-glue.ts'
import { GuestFiles } from './guest-files.ts'
import { LIMITS } from '../../core/limits.ts'
import { SeededNumbers } from '../repeatable.ts'
import { addToTail, describeThrown, isSourceFault, withTail } from './guest-faults.ts'
import { assert } from '../../core/assert.ts'
import { formatBytes } from '../../core/units.ts'
import { hostFunctions, textOf } from './host-functions.ts'
import { startTaskClock } from './task-clock.ts'
import { stripTypes } from './typescript.ts'
import { waitWhile } from './wait.ts'
import type { Beginning } from '../repeatable.ts'
import type { GuestEnd as HostedEnd } from '../sandbox/serve-tasks.ts'
import type { GuestFault } from '../sandbox/messages.ts'
import type { JavascriptTask } from '../../model/generated/job.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core'
import type { TaskSide } from './host-functions.ts'
import type { Thrown } from './guest-faults.ts'

/** A task as it comes from the executor. */
export interface JavascriptRequest
  extends Beginning, Required<Pick<JavascriptTask, 'source' | 'language' | 'files'>> {
  /** JSON text. */
  input: string
  /** Paths of the files that it finds beside its own; their bytes are attached, in this order. */
  inputPaths: readonly string[]
  /** Paths of files and folders whose bytes are wanted when it has ended well. */
  wishes: readonly string[]
  /** Of all that it writes. */
  writtenBytesMax: number
}

export interface GuestTask extends JavascriptRequest {
  /** Bytes of the inputs. */
  attachments: readonly Uint8Array[]
  isOverdue: () => boolean
  onLog: (stream: LogEntry['stream'], text: string, cutLength: number) => void
  onProgress: (progress: TaskProgress) => void
}

type GuestEnd = Omit<HostedEnd, 'peakMemoryBytes'>

/**
 * About 3 000 plain calls. Each byte of it costs up to 11 bytes of the host's real stack
 * (`JSON.stringify` of nested arrays), which `--stack-size` of the host allows for.
 */
const GUEST_STACK_BYTES = 512 * 1_024
/** Pending jobs between two looks at the clock. */
const JOBS_BATCH = 256
const FILE_NAMES = { javascript: 'task.js', typescript: 'task.ts' } as const

/** One instance with one context, for one task. */
export class Guest {
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #memory: WebAssembly.Memory
  readonly #memoryBytesMax: number
  readonly #call: QuickJSHandle
  readonly #describe: QuickJSHandle
  #task: GuestTask | undefined
  #side: TaskSide | undefined
  #fileName: string = FILE_NAMES.javascript
  #stderrTail = ''
  #isMemoryRefused = false
  #isInterrupted = false

  constructor(runtime: QuickJSRuntime, memory: WebAssembly.Memory, memoryBytesMax: number) {
    this.#memoryBytesMax = memoryBytesMax
    this.#runtime = runtime
    this.#memory = memory
    runtime.setMaxStackSize(GUEST_STACK_BYTES)
    runtime.setInterruptHandler(() => this.#shouldInterrupt())
    runtime.setModuleLoader((name) => ({
      error: new Error(`cannot import "${name}": a task's source must stand alone`)
    }))
    const context = runtime.newContext()
    this.#context = context
    const glue = context.unwrapResult(context.evalCode(GUEST_GLUE, 'taskmesh.js'))
    const host = hostFunctions(context, () => {
      assert(this.#side !== undefined, 'the glue calls its host only for a task')
      return this.#side
    })
    const tools = context.unwrapResult(context.callFunction(glue, context.undefined, host))
    this.#call = context.getProp(tools, 'call')
    this.#describe = context.getProp(tools, 'describe')
    this.#watchMemory()
  }

  /** Size of the guest's memory, which never shrinks. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength
  }

  run(task: GuestTask): GuestEnd {
    this.#task = task
    this.#side = this.#sideOf(task)
    const { fault, isSpent, output } = this.#runSafely(task)
    if (this.#isInterrupted) return { fault: TIMED_OUT, isSpent }
    if (fault === undefined) return this.#withFiles({ output: output ?? 'null', isSpent }, task)
    return { fault: { ...fault, message: withTail(fault.message, this.#stderrTail) }, isSpent }
  }

  #withFiles(end: GuestEnd, { wishes }: GuestTask): GuestEnd {
    const produced = this.#side?.files.produced(wishes) ?? []
    if (!('missing' in produced)) return { ...end, produced }
    const { missing } = produced
    const { fault } = failed(
      `the source wrote no "${missing}", which its outputs name; use files.write`
    )
    return { fault, isSpent: end.isSpent }
  }

  #sideOf(task: GuestTask): TaskSide {
    const clock = startTaskClock(task.timeMs)
    return {
      files: new GuestFiles(task.files, inputsOf(task), task.writtenBytesMax),
      numbers: new SeededNumbers(task.seed),
      onLog: (stream, text, cutLength) => {
        if (stream === 'err') this.#stderrTail = addToTail(this.#stderrTail, text)
        task.onLog(stream, text, cutLength)
      },
      onProgress: task.onProgress,
      wait: (ms) => {
        waitWhile(() => !this.#shouldInterrupt(), ms)
        clock.advance(ms)
      }
    }
  }

  #runSafely(task: GuestTask): GuestEnd {
    try {
      if (task.language !== 'typescript') return this.#run(task.source, task.input)
      this.#fileName = FILE_NAMES.typescript
      const stripped = stripTypes(task.source)
      // Nobody could interrupt that.
      const end = this.#shouldInterrupt()
        ? { fault: TIMED_OUT, isSpent: false }
        : 'problem' in stripped
          ? failed(stripped.problem)
          : this.#run(stripped.source, task.input)
      return { ...end, isSpent: end.isSpent || stripped.isSpent }
    } catch (cause) {
      return { fault: this.#engineFault(cause), isSpent: true }
    }
  }

  #run(source: string, input: string): GuestEnd {
    const main = this.#loadMain(source)
    if ('fault' in main) return main
    const context = this.#context
    const called = context.callFunction(
      this.#call,
      context.undefined,
      main.handle,
      context.newString(input)
    )
    const settled = this.#settle(called, 'main returned a promise that never settles')
    if ('fault' in settled) return settled
    const output = textOf(context, settled.handle, LIMITS.resultBytesMax)
    if (output === undefined || Buffer.byteLength(output) > LIMITS.resultBytesMax) {
      return failed(
        `the result is longer than ${formatBytes(LIMITS.resultBytesMax)} of JSON`,
        'TASK_OUTPUT_TOO_LARGE'
      )
    }
    return { output, isSpent: false }
  }

  /** Runs the module and finds its function: `main`, exported or not, else what it exports by default. */
  #loadMain(source: string): Step {
    let evaluated = this.#evaluate(`${source}\n;export { main as ${MAIN_EXPORT} }`)
    let names = [MAIN_EXPORT]
    if (
      'error' in evaluated &&
      evaluated.error !== undefined &&
      isSourceFault(this.#describeError(evaluated.error))
    ) {
      // There is no `main` of its own to export, or it is wrong: then the same without our line says how.
      evaluated = this.#evaluate(source)
      names = ['main', 'default']
    }
    const module = this.#settle(evaluated, 'the top-level await of the source never settles')
    if ('fault' in module) return module
    const handle = names
      .map((name) => this.#context.getProp(module.handle, name))
      .find((candidate) => this.#context.typeof(candidate) === 'function')
    return handle === undefined ? failed('the source must define main(input)') : { handle }
  }

  #evaluate(source: string): CallResult {
    return this.#context.evalCode(source, this.#fileName, { type: 'module' })
  }

  /** Runs pending jobs until the value, which may be a promise, is there. */
  #settle(result: CallResult, pendingMessage: string): Step {
    if (result.error !== undefined) return this.#guestFault(result.error)
    while (this.#runtime.hasPendingJob()) {
      const jobs = this.#runtime.executePendingJobs(JOBS_BATCH)
      if (jobs.error !== undefined) return this.#guestFault(jobs.error)
      if (this.#shouldInterrupt()) return { fault: TIMED_OUT, isSpent: false }
    }
    const state = this.#context.getPromiseState(result.value)
    if (state.type === 'fulfilled') return { handle: state.value }
    return state.type === 'pending' ? failed(pendingMessage) : this.#guestFault(state.error)
  }

  #guestFault(error: QuickJSHandle): GuestEnd & Fault {
    const thrown = this.#describeError(error)
    const isOutOfMemory = thrown.name === 'InternalError' && thrown.message === 'out of memory'
    if (isOutOfMemory || (this.#isMemoryRefused && thrown.message === 'null')) {
      return failed(this.#outOfMemoryMessage(), 'TASK_OUT_OF_MEMORY')
    }
    return failed(describeThrown(thrown, this.#fileName))
  }

  #describeError(error: QuickJSHandle): Thrown {
    const context = this.#context
    const described = context.callFunction(this.#describe, context.undefined, error)
    const text =
      described.error === undefined ? textOf(context, described.value, 100_000) : undefined
    const fields = text === undefined ? {} : (JSON.parse(text) as Partial<Thrown>)
    return {
      name: fields.name ?? '',
      // Without memory for a description there is none to be had: null stands for it.
      message: fields.message ?? (this.#isMemoryRefused ? 'null' : 'an error that cannot be read'),
      stack: fields.stack ?? ''
    }
  }

  /** The engine stopped in the middle: the host's stack ran out, or QuickJS found itself in disorder. */
  #engineFault(cause: unknown): Fault['fault'] {
    if (this.#isMemoryRefused) {
      return { code: 'TASK_OUT_OF_MEMORY', message: this.#outOfMemoryMessage() }
    }
    const message = cause instanceof RangeError ? 'the task recursed too deeply' : String(cause)
    return { code: 'TASK_FAILED', message: `the engine gave up: ${message}` }
  }

  #outOfMemoryMessage(): string {
    const most = formatBytes(this.#memoryBytesMax)
    const had = formatBytes(this.memoryBytes)
    return `the task needed more than its ${most} of memory; it had ${had} when it was refused more`
  }

  #shouldInterrupt(): boolean {
    this.#isInterrupted ||= this.#task?.isOverdue() ?? false
    return this.#isInterrupted
  }

  /** Notes whether the last attempt to grow was refused; QuickJS tries several sizes in a row. */
  #watchMemory(): void {
    const memory = this.#memory
    const grow = memory.grow.bind(memory)
    memory.grow = (pages) => {
      this.#isMemoryRefused = true
      const before = grow(pages)
      this.#isMemoryRefused = false
      return before
    }
  }
}

function inputsOf({ attachments, inputPaths }: GuestTask): Map<string, Uint8Array> {
  return new Map(inputPaths.map((path, index) => [path, attachments[index] ?? new Uint8Array()]))
}

type CallResult = ReturnType<QuickJSContext['evalCode']>

interface Fault {
  fault: { code: GuestFault; message: string }
}

type Step = { handle: QuickJSHandle } | (GuestEnd & Fault)

const TIMED_OUT: Fault['fault'] = { code: 'TASK_TIMED_OUT', message: 'the task ran out of time' }

function failed(message: string, code: GuestFault = 'TASK_FAILED'): GuestEnd & Fault {
  return { fault: { code, message }, isSpent: false }
}
