/**
 * What the guest's glue may call of its host: the whole surface between the two. Each call carries plain
 * values, and texts as JSON, because a plain one would end at its first NUL.
 */
import { LIMITS } from '../../core/limits.ts'
import { PROGRESS_TEXT_LENGTH_MAX } from '../sandbox/messages.ts'
import type { GuestFiles } from './guest-files.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core'
import type { SeededNumbers } from '../repeatable.ts'

/** Of random numbers, drawn at once: a call costs as much as some thirty of the guest's own. */
export const RANDOM_BLOCK_BYTES = 2_048

/** Of one written text as JSON: what is all plain letters may be as long as all files. */
const WRITTEN_JSON_LENGTH_MAX = 2 * LIMITS.javascriptFileBytesMax

/** What of one task the calls reach. */
export interface TaskSide {
  files: GuestFiles
  numbers: SeededNumbers
  onLog: (stream: LogEntry['stream'], text: string, cutLength: number) => void
  onProgress: (progress: TaskProgress) => void
  /** Returns once the time has passed, or there is no more of it. */
  wait: (ms: number) => void
}

/** @param task gives the task that the guest runs: there is none yet when the guest is made */
export function hostFunctions(context: QuickJSContext, task: () => TaskSide): QuickJSHandle {
  const number = (handle: QuickJSHandle): number => context.getNumber(handle)
  // The glue passes no other than the texts that it made itself.
  const json = (handle: QuickJSHandle, lengthMax: number): string =>
    JSON.parse(textOf(context, handle, jsonLengthMax(lengthMax)) ?? '""') as string
  const path = (handle: QuickJSHandle): string => context.getString(handle)
  const writer = (stream: LogEntry['stream']) => (line: QuickJSHandle, cutLength: QuickJSHandle) =>
    task().onLog(stream, `${json(line, LIMITS.logBytesMax)}\n`, number(cutLength))
  const functions = {
    writeOut: writer('out'),
    writeErr: writer('err'),
    report(ratio: QuickJSHandle, note: QuickJSHandle) {
      const hasText = context.typeof(note) === 'string'
      const text = hasText ? { text: json(note, PROGRESS_TEXT_LENGTH_MAX) } : {}
      task().onProgress({ ratio: number(ratio), ...text })
    },
    wait: (ms: QuickJSHandle) => task().wait(number(ms)),
    drawRandom: () => context.newArrayBuffer(drawRatios(task().numbers)),
    fileSize: (name: QuickJSHandle) => context.newNumber(task().files.sizeOf(path(name))),
    prepareNames: () => context.newNumber(task().files.prepareNames()),
    prepareText: (name: QuickJSHandle) => context.newNumber(task().files.prepareText(path(name))),
    takePrepared: () => context.newString(task().files.takePrepared()),
    readBytes: (name: QuickJSHandle) =>
      context.newArrayBuffer(new Uint8Array(task().files.bytesOf(path(name))).buffer),
    writeText(name: QuickJSHandle, content: QuickJSHandle) {
      const text = textOf(context, content, WRITTEN_JSON_LENGTH_MAX)
      if (text === undefined) throw new Error('the text is too long')
      task().files.write(path(name), Buffer.from(JSON.parse(text) as string))
    },
    writeBytes(name: QuickJSHandle, content: QuickJSHandle) {
      const bytes = context.getArrayBuffer(content)
      task().files.write(path(name), new Uint8Array(bytes.value))
      bytes.dispose()
    }
  }
  const object = context.newObject()
  for (const [name, call] of Object.entries(functions)) {
    // It returns a handle or nothing: the library takes both.
    context.setProp(object, name, context.newFunction(name, call as () => QuickJSHandle))
  }
  return object
}

/** Text of a string value; undefined if it is none or is too long to be copied out. */
export function textOf(
  context: QuickJSContext,
  handle: QuickJSHandle,
  lengthMax: number
): string | undefined {
  if (context.typeof(handle) !== 'string') return undefined
  const length = context.getNumber(context.getProp(handle, 'length'))
  return length > lengthMax ? undefined : context.getString(handle)
}

/** One character may become six in JSON text (`\u0000`), and two more are the quotes. */
function jsonLengthMax(textLength: number): number {
  return 6 * textLength + 2
}

/** Doubles, which WebAssembly keeps with the low byte first on every machine. */
function drawRatios(numbers: SeededNumbers): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(RANDOM_BLOCK_BYTES))
  for (let at = 0; at < RANDOM_BLOCK_BYTES; at += 8) view.setFloat64(at, numbers.nextRatio(), true)
  return view.buffer
}
