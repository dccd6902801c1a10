/**
 * Functions that a program registers with its worker: how they are written, and what is made of them.
 * An inline function runs in the program itself and shares its thread with the node: it can't be stopped
 * by force, and one that computes for long holds up the heartbeats too. A module runs on a thread of its
 * own, which can be ended. Neither is a boundary: both are the owner's own code.
 */
import { MeshError } from '../../core/errors.ts'
import { inputValidator } from '../../model/validate.ts'
import { parseBytes } from '../../core/units.ts'
import type { LogEntry } from '../../model/generated/commands-execute-task.ts'
import type { Validator } from '../../model/validate.ts'

/** What a function gets beside its input. */
export interface FunctionContext {
  /** Fires when the task is stopped or its time is up; the function should then end soon. */
  readonly signal: AbortSignal
  /** Says how far it is, from 0 to 1, with one line for people if there is more to say. */
  readonly progress: (ratio: number, text?: string) => void
  /** Writes a line to the task's log. */
  readonly log: (text: string, stream?: LogEntry['stream']) => void
}

/**
 * Takes the task's `input` and returns what JSON can hold. Written as a method, so that a function may
 * name the type of input that its schema lets through.
 */
export type TaskFunction = {
  call(input: unknown, context: FunctionContext): unknown
}['call']

interface CommonOptions {
  /** JSON Schema of the input; what does not fit is refused before the function is called. */
  schema?: object
  /** Calls at the same time; further ones wait. @default as many as the worker has slots */
  concurrency?: number
}

export interface InlineFunction extends CommonOptions {
  run: TaskFunction
}

export interface ModuleFunction extends CommonOptions {
  /** The module that exports it, such as `new URL('./heavy.js', import.meta.url)`. */
  module: URL
  /** @default 'default' */
  export?: string
  /** Heap of each of its threads, such as `512MiB`. @default the worker's limit of a task */
  memory?: string
}

/** A function by itself is one without further options. */
export type FunctionDefinition = TaskFunction | InlineFunction | ModuleFunction
export type FunctionDefinitions = Readonly<Record<string, FunctionDefinition>>

/** One of them, checked. */
export interface KnownFunction {
  name: string
  /** @throws MeshError FIELD_INVALID and its kin, which the job is to blame for */
  checkInput: Validator<unknown>
  concurrency: number
  body: TaskFunction | ModuleBody
}

export interface ModuleBody {
  /** As a URL. */
  module: string
  exportName: string
  memoryBytesMax: number
}

export interface FunctionDefaults {
  concurrency: number
  memoryBytesMax: number
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/
/** As many as a capability record can list. */
const FUNCTIONS_MAX = 256

/** @throws MeshError CONFIG_INVALID for what no task could call */
export function compileFunctions(
  definitions: FunctionDefinitions,
  defaults: FunctionDefaults
): KnownFunction[] {
  const entries = Object.entries(definitions)
  if (entries.length > FUNCTIONS_MAX) {
    throw invalid('functions', `are more than ${FUNCTIONS_MAX}`, 'start a second worker')
  }
  return entries.map(([name, definition]) => compileFunction(name, definition, defaults))
}

function compileFunction(
  name: string,
  definition: FunctionDefinition,
  defaults: FunctionDefaults
): KnownFunction {
  const path = `functions.${name}`
  if (!NAME.test(name)) throw invalid(path, 'is no name', 'use letters, digits, and _ . : -')
  const options: InlineFunction | ModuleFunction =
    typeof definition === 'function' ? { run: definition } : definition
  const { concurrency = defaults.concurrency, schema } = options
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw invalid(`${path}.concurrency`, 'is no count', 'write 1 or more')
  }
  return {
    name,
    concurrency,
    checkInput: schema === undefined ? (input) => input : validatorOf(schema, path),
    body: bodyOf(options, path, defaults)
  }
}

function bodyOf(
  options: InlineFunction | ModuleFunction,
  path: string,
  { memoryBytesMax }: FunctionDefaults
): KnownFunction['body'] {
  if ('module' in options) {
    const { export: exportName = 'default', memory, module } = options
    const bytes = memory === undefined ? memoryBytesMax : parseBytes(memory, `${path}.memory`)
    return { module: module.href, exportName, memoryBytesMax: bytes }
  }
  if (typeof options.run === 'function') return options.run
  throw invalid(path, 'is no function', 'write a function, { run: … } or { module: … }')
}

function validatorOf(schema: object, path: string): Validator<unknown> {
  try {
    return inputValidator(schema, 'task.input')
  } catch (cause) {
    throw invalid(`${path}.schema`, 'is no JSON Schema', 'use draft 2020-12', cause)
  }
}

function invalid(path: string, what: string, hint: string, cause?: unknown): MeshError {
  return new MeshError('CONFIG_INVALID', `${path} ${what}`, { path, hint, cause })
}
