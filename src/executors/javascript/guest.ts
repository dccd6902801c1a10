/**
 * One QuickJS instance and the one task that it runs: finds `main`, calls it, waits for its promise,
 * and turns whatever happens into a plain end. It cannot stop code that never asks whether it may go
 * on; that is left to the process around it.
 */
import { GUEST_GLUE, MAIN_EXPORT } from './guest-glue.ts'
import { LIMITS } from '../../core/limits.ts'
import { PROGRESS_TEXT_LENGTH_MAX } from '../sandbox/messages.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core'
import type { DoneMessage, GuestFault } from '../sandbox/messages.ts'

/** A task as it comes from the executor. */
export interface JavascriptRequest {
  /** The module text. */
  source: string
  /** JSON text. */
  input: string
}

export interface GuestTask extends JavascriptRequest {
  isOverdue: () => boolean
  onLog: (stream: LogEntry['stream'], text: string, cutLength: number) => void
  onProgress: (progress: TaskProgress) => void
}

type GuestEnd = Pick<DoneMessage, 'output' | 'fault' | 'isSpent'>

/**
 * About 3 000 plain calls. Each byte of it costs up to 11 bytes of the host's real stack
 * (`JSON.stringify` of nested arrays), which `--stack-size` of the host allows for.
 */
const GUEST_STACK_BYTES = 512 * 1_024
/** Pending jobs between two looks at the clock. */
const JOBS_BATCH = 256
const FILE_NAME = 'task.js'

/** One instance with one context, for one task. */
export class Guest {
  readonly memoryBytesMax: number
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #memory: WebAssembly.Memory
  readonly #call: QuickJSHandle
  readonly #describe: QuickJSHandle
  #task: GuestTask | undefined
  #isMemoryRefused = false
  #isInterrupted = false

  constructor(runtime: QuickJSRuntime, memory: WebAssembly.Memory, memoryBytesMax: number) {
    this.memoryBytesMax = memoryBytesMax
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
    const tools = context.unwrapResult(
      context.callFunction(
        glue,
        context.undefined,
        this.#writer('out'),
        this.#writer('err'),
        this.#reporter()
      )
    )
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
    try {
      const end = this.#run(task)
      return this.#isInterrupted ? { fault: TIMED_OUT, isSpent: false } : end
    } catch (cause) {
      return { fault: this.#isInterrupted ? TIMED_OUT : this.#engineFault(cause), isSpent: true }
    }
  }

  /** What the glue calls with a line. Texts come as JSON, because a plain one would end at its first NUL. */
  #writer(stream: LogEntry['stream']): QuickJSHandle {
    return this.#context.newFunction(stream, (line, cutLength) => {
      const json = this.#textOf(line, jsonLengthMax(LIMITS.logBytesMax))
      if (json === undefined) return
      this.#task?.onLog(
        stream,
        `${JSON.parse(json) as string}\n`,
        this.#context.getNumber(cutLength)
      )
    })
  }

  #reporter(): QuickJSHandle {
    return this.#context.newFunction('report', (number, note) => {
      const ratio = this.#context.getNumber(number)
      const json = this.#textOf(note, jsonLengthMax(PROGRESS_TEXT_LENGTH_MAX))
      const text = json === undefined ? {} : { text: JSON.parse(json) as string }
      this.#task?.onProgress({ ratio, ...text })
    })
  }

  #run(task: GuestTask): GuestEnd {
    const main = this.#loadMain(task.source)
    if ('fault' in main) return main
    const context = this.#context
    const called = context.callFunction(
      this.#call,
      context.undefined,
      main.handle,
      context.newString(task.input)
    )
    const settled = this.#settle(called, 'main returned a promise that never settles')
    if ('fault' in settled) return settled
    const output = this.#textOf(settled.handle, LIMITS.resultBytesMax)
    if (output === undefined || Buffer.byteLength(output) > LIMITS.resultBytesMax) {
      return failed(
        `the result is longer than ${LIMITS.resultBytesMax} bytes of JSON`,
        'TASK_OUTPUT_TOO_LARGE'
      )
    }
    return { output, isSpent: false }
  }

  /** Runs the module and finds `main` in it, exported or not. */
  #loadMain(source: string): Step {
    const exporting = `${source}\n;export { main as ${MAIN_EXPORT} }`
    let evaluated = this.#evaluate(exporting)
    let name = MAIN_EXPORT
    if ('error' in evaluated && evaluated.error !== undefined) {
      // Nothing has run yet if our line does not link: the source has no `main` of its own, or is wrong.
      if (!this.#describeError(evaluated.error).message.includes(`'main'`)) {
        return this.#guestFault(evaluated.error)
      }
      evaluated = this.#evaluate(source)
      name = 'main'
    }
    const module = this.#settle(evaluated, 'the top-level await of the source never settles')
    if ('fault' in module) return module
    const handle = this.#context.getProp(module.handle, name)
    return this.#context.typeof(handle) === 'function'
      ? { handle }
      : failed('the source must define main(input)')
  }

  #evaluate(source: string): CallResult {
    return this.#context.evalCode(source, FILE_NAME, { type: 'module' })
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
    const { name, message, stack } = this.#describeError(error)
    const isOutOfMemory = name === 'InternalError' && message === 'out of memory'
    if (isOutOfMemory || (this.#isMemoryRefused && message === 'null')) {
      return failed(this.#outOfMemoryMessage(), 'TASK_OUT_OF_MEMORY')
    }
    const line = /task\.js:(\d+)/.exec(stack)?.[1]
    const title = name === '' ? message : `${name}: ${message}`
    return failed(line === undefined ? title : `${title} (line ${line})`)
  }

  #describeError(error: QuickJSHandle): { name: string; message: string; stack: string } {
    const described = this.#context.callFunction(this.#describe, this.#context.undefined, error)
    const text = described.error === undefined ? this.#textOf(described.value, 100_000) : undefined
    const fields = text === undefined ? {} : (JSON.parse(text) as Partial<Record<string, string>>)
    return {
      name: fields['name'] ?? '',
      // Without memory for a description there is none to be had: null stands for it.
      message:
        fields['message'] ?? (this.#isMemoryRefused ? 'null' : 'an error that cannot be read'),
      stack: fields['stack'] ?? ''
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
    return `the task needed more than its ${this.memoryBytesMax} bytes of memory`
  }

  /** Text of a string value; undefined if it is none or is too long to be copied out. */
  #textOf(handle: QuickJSHandle, lengthMax: number): string | undefined {
    if (this.#context.typeof(handle) !== 'string') return undefined
    const length = this.#context.getNumber(this.#context.getProp(handle, 'length'))
    return length > lengthMax ? undefined : this.#context.getString(handle)
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

type CallResult = ReturnType<QuickJSContext['evalCode']>

interface Fault {
  fault: { code: GuestFault; message: string }
}

type Step = { handle: QuickJSHandle } | (GuestEnd & Fault)

const TIMED_OUT: Fault['fault'] = { code: 'TASK_TIMED_OUT', message: 'the task ran out of time' }

function failed(message: string, code: GuestFault = 'TASK_FAILED'): GuestEnd & Fault {
  return { fault: { code, message }, isSpent: false }
}

/** One character may become six in JSON text (`\u0000`), and two more are the quotes. */
function jsonLengthMax(textLength: number): number {
  return 6 * textLength + 2
}
