/** Says why a program failed, in words for the one who wrote it: what ended it, where, and which limit it had met. */
import { LIMITS } from '../../core/limits.ts'
import { ModuleRefusal } from './module-refusal.ts'
import { OutputMissing, UnfitName } from './result.ts'
import { OutputOverflow } from './guest-streams.ts'
import { ProgramExit } from '../wasi/program-exit.ts'
import { formatBytes } from '../../core/units.ts'
import { functionNames } from './function-names.ts'
import type { Fault } from '../sandbox/messages.ts'
import type { Lack } from '../wasi/nodes.ts'

/** There is no room for what the task itself brings. */
export class InputLack extends Error {
  readonly lack: Lack

  constructor(lack: Lack) {
    super(lack)
    this.lack = lack
  }
}

/** How things stood when the program ended. */
export interface Circumstances {
  /** Its bytes; asked for only where they help. */
  module: () => Uint8Array
  memoryBytes: number
  memoryBytesMax: number
  fileBytesMax: number
  /** What its files were last refused. */
  lack: Lack | undefined
  /** The last lines of its streams. */
  stderr: string
  stdout: string
}

/** What is larger than half of its bound could not be doubled, as allocators and lists do. */
const FULL_MEMORY_RATIO = 1 / 2
/** How programs in C, C++ and Rust say that they were given no more. */
const OUT_OF_MEMORY = /out of memory|cannot allocate memory|memory allocation|alloc\w* failed/i
/** The innermost functions that a message names: the one that trapped is often an `abort` far below the cause. */
const FRAMES_MAX = 4

export function describeFault(cause: unknown, circumstances: Circumstances): Fault {
  const { message, exitCode, ...fault } = faultOf(cause, circumstances)
  const code = isOutOfMemory(cause, circumstances) ? 'TASK_OUT_OF_MEMORY' : fault.code
  // Not every program complains on stderr; but what floods stdout explains nothing.
  const lastWords =
    circumstances.stderr || (fault.code === 'TASK_FAILED' ? circumstances.stdout : '')
  const lines = [message, memoryNote(circumstances), fileNote(circumstances), lastWords]
  const text = lines.filter((line) => line !== '').join('\n')
  return { code, message: text, ...(exitCode === undefined ? {} : { exitCode }) }
}

function faultOf(cause: unknown, circumstances: Circumstances): Fault {
  if (cause instanceof ModuleRefusal) return cause
  if (cause instanceof ProgramExit) {
    const { exitCode } = cause
    return { ...failed(`the program ended with exit code ${exitCode}`), exitCode }
  }
  if (cause instanceof OutputMissing || cause instanceof UnfitName) return failed(cause.message)
  if (cause instanceof InputLack) return failed(inputNote(cause.lack, circumstances))
  if (cause instanceof OutputOverflow) {
    return { code: 'TASK_OUTPUT_TOO_LARGE', message: cause.message }
  }
  if (cause instanceof WebAssembly.CompileError) {
    return failed(`the module is not valid: ${cause.message}`)
  }
  if (cause instanceof WebAssembly.RuntimeError) {
    return failed(`the program trapped: ${cause.message}${placeOf(cause, circumstances)}`)
  }
  // The stack ran out, in the program or in a call that it made.
  if (cause instanceof RangeError) {
    return failed(`the program gave up: ${cause.message}${placeOf(cause, circumstances)}`)
  }
  // Not the program's mistake but ours: the host must not go on.
  throw cause
}

function failed(message: string): Fault {
  return { code: 'TASK_FAILED', message }
}

/** ` in abort < check < main`: the innermost functions, by name where the module has names. */
function placeOf({ stack = '' }: Error, { module }: Circumstances): string {
  const frames = [...stack.matchAll(/wasm-function\[(\d+)\]/g)].map(([, index]) => Number(index))
  // A function that calls itself is named once.
  const indexes = frames.filter((index, at) => index !== frames[at - 1]).slice(0, FRAMES_MAX)
  if (indexes.length === 0) return ''
  const names = functionNames(module(), new Set(indexes))
  return ` in ${indexes.map((index) => names.get(index) ?? `function ${index}`).join(' < ')}`
}

/** A program is told that there is no more, and ends by itself: as it says, or without a word by an `abort`. */
function isOutOfMemory(cause: unknown, circumstances: Circumstances): boolean {
  if (!isMemoryFull(circumstances)) return false
  if (cause instanceof ProgramExit) return OUT_OF_MEMORY.test(circumstances.stderr)
  if (!(cause instanceof WebAssembly.RuntimeError)) return false
  const isSilentAbort = circumstances.stderr === '' && cause.message === 'unreachable'
  return isSilentAbort || OUT_OF_MEMORY.test(circumstances.stderr)
}

function isMemoryFull({ memoryBytes, memoryBytesMax }: Circumstances): boolean {
  return memoryBytes > memoryBytesMax * FULL_MEMORY_RATIO
}

function memoryNote(circumstances: Circumstances): string {
  const [grown, granted] = [circumstances.memoryBytes, circumstances.memoryBytesMax]
  return isMemoryFull(circumstances)
    ? `its memory had grown to ${formatBytes(grown)} of the ${formatBytes(granted)} that it may have (resources.memory)`
    : ''
}

function fileNote({ fileBytesMax, lack }: Circumstances): string {
  switch (lack) {
    case undefined:
      return ''
    case 'bytes':
      return `its files were refused more than the ${formatBytes(fileBytesMax)} that they may have (resources.disk)`
    case 'entries':
      return `it was refused more than the ${LIMITS.taskFilesMax} files and folders that it may have`
  }
}

function inputNote(lack: Lack, { fileBytesMax }: Circumstances): string {
  return lack === 'bytes'
    ? `the input files are larger than the ${formatBytes(fileBytesMax)} that its files may have`
    : 'there are too many input files'
}
