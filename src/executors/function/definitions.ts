/**
 * Functions that a program registers with its worker, as they are written. An inline function runs in the
 * program itself and shares its thread with the node: it can't be stopped by force, and one that computes
 * for long holds up the heartbeats too. A module runs on a thread of its own, which can be ended. Neither
 * is a boundary: both are the owner's own code.
 */
import type { InputOf } from './input-type.ts'
import type { TaskOrigin } from '../executor.ts'
import type { LogEntry } from '../../model/generated/commands-execute-task.ts'

/** What a function gets beside its input. */
export interface FunctionContext {
  /**
   * Fires when the task is stopped, its time is up or the worker stops; its reason is a `MeshError` that
   * says which. The function should then end soon: on a thread it is ended by force a little later.
   */
  readonly signal: AbortSignal
  /** Which attempt at which job this call is; undefined where the task came without a router. */
  readonly job: TaskOrigin | undefined
  /** Equal for all attempts at the same item, on whatever worker: names what must not be done twice. */
  readonly seed: string
  /** Where the job's inputs lie on this machine, by their paths in the job; other tasks read them too, so change nothing. */
  readonly inputs: Readonly<Record<string, string>>
  /**
   * A folder of this call's own, empty, and gone once the call is over; what the job's `outputs` name by their
   * paths in it becomes files of the mesh. Undefined where the job has no outputs.
   */
  readonly outputFolder: string | undefined
  /**
   * Says how far it is, from 0 to 1 (what lies beyond is cut), with a line of up to 200 characters for
   * people. However often it is called, some ten reports a second go out.
   * @throws TypeError for a ratio that is no number
   */
  readonly progress: (ratio: number, text?: string) => void
  /**
   * Writes a line to the task's log, of which 64 KiB are kept. What is no text is shown as `console.log`
   * would show it. There are no levels: `err` is for what went wrong. @default stream 'out'
   */
  readonly log: (value: unknown, stream?: LogEntry['stream']) => void
}

/**
 * Takes the task's `input` (null where the job gives none) and returns what JSON can hold, up to 4 MiB, or
 * a promise of it; `undefined` becomes null. What it throws fails the task, and `FunctionErrorWords` on the
 * thrown error say whether it is tried again. Written as a method, so that a function may name the type of
 * input that its schema lets through.
 */
export type TaskFunction<Input = unknown, Output = unknown> = {
  call(input: Input, context: FunctionContext): Output
}['call']

export interface FunctionOptions {
  /**
   * JSON Schema of the input, draft 2020-12; what does not fit is refused before the function is called, and
   * the job is told which field. `format` is not checked, and defaults are not filled in.
   */
  schema?: object
  /**
   * Calls at the same time. One that has no turn within five seconds goes to another worker.
   * @default as many as the worker has slots
   */
  concurrency?: number
  /** The longest that a call may take, such as `90s`, whatever the job allows. @default as the job says */
  timeout?: string
}

/** A function in the program itself. */
export interface InlineFunction<Input = unknown, Output = unknown> extends FunctionOptions {
  run: TaskFunction<Input, Output>
}

/** A function on threads of its own. */
export interface ModuleFunction extends FunctionOptions {
  /** The module that exports it, such as `new URL('./heavy.js', import.meta.url)`. */
  module: URL
  /** @default 'default' */
  export?: string
  /**
   * Heap of each of its threads, such as `512MiB`, and 16 MiB at least. `ArrayBuffer`s, and so `Buffer`s and
   * the memory of WebAssembly, lie outside of it and are not bounded. @default the worker's limit of a task
   */
  memory?: string
  /** Environment variables of its threads; none is inherited. @default {} */
  env?: Readonly<Record<string, string>>
}

/** A function by itself is one without further options. */
export type FunctionDefinition = TaskFunction | InlineFunction | ModuleFunction
export type FunctionDefinitions = Readonly<Record<string, FunctionDefinition>>

/**
 * Gives back the definition as it is, with the type of `input` read from its schema.
 * @example
 * const resize = defineFunction({
 *   schema: { type: 'object', required: ['width'], properties: { width: { type: 'integer' } } },
 *   run: ({ width }) => ({ width })
 * })
 */
export function defineFunction<const Schema extends object, Output>(
  definition: FunctionOptions & { schema: Schema; run: TaskFunction<InputOf<Schema>, Output> }
): InlineFunction<InputOf<Schema>, Output> {
  return definition
}
