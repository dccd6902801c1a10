/** Checks what a program registers, and makes of it what the engine works with. */
import { MeshError, messageOf } from '../../core/errors.ts'
import { inputValidator } from '../../model/validate.ts'
import { formatBytes, parseBytes, parseDurationMs } from '../../core/units.ts'
import type {
  FunctionDefinition,
  FunctionDefinitions,
  InlineFunction,
  ModuleFunction,
  TaskFunction
} from './definitions.ts'
import type { Validator } from '../../model/validate.ts'

/** A function that tasks may call. */
export interface KnownFunction {
  name: string
  /** @throws MeshError FIELD_INVALID and its kin, which the job is to blame for */
  checkInput: Validator<unknown>
  concurrency: number
  /** Infinite where only the job's own limit holds. */
  timeoutMs: number
  body: TaskFunction | ModuleBody
}

export interface ModuleBody {
  /** As a URL. */
  module: string
  exportName: string
  memoryBytesMax: number
  env: Readonly<Record<string, string>>
}

export interface FunctionDefaults {
  concurrency: number
  memoryBytesMax: number
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/
/** As many as a capability record can list. */
const FUNCTIONS_MAX = 256
/** A thread that has less than 8 MiB to start with ends the whole program (measured on Node 24). */
const MEMORY_BYTES_MIN = 16 * 2 ** 20
const OPTIONS = ['schema', 'concurrency', 'timeout']
const INLINE_OPTIONS = [...OPTIONS, 'run']
const MODULE_OPTIONS = [...OPTIONS, 'module', 'export', 'memory', 'env']

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
  const options = typeof definition === 'function' ? { run: definition } : definition
  checkOptions(options, path)
  const { concurrency = defaults.concurrency, schema, timeout } = options
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw invalid(`${path}.concurrency`, 'is no count', 'write 1 or more')
  }
  return {
    name,
    concurrency,
    timeoutMs: timeout === undefined ? Infinity : timeoutOf(timeout, `${path}.timeout`),
    checkInput: schema === undefined ? (input) => input : validatorOf(schema, `${path}.schema`),
    body: 'module' in options ? moduleBody(options, path, defaults) : options.run
  }
}

function checkOptions(options: InlineFunction | ModuleFunction, path: string): void {
  const isModule = typeof options === 'object' && options !== null && 'module' in options
  if (!isModule && typeof options?.run !== 'function') {
    throw invalid(path, 'is no function', 'write a function, { run: … } or { module: … }')
  }
  if (isModule && !(options.module instanceof URL)) {
    throw invalid(`${path}.module`, 'is no URL', "write new URL('./heavy.js', import.meta.url)")
  }
  const known = isModule ? MODULE_OPTIONS : INLINE_OPTIONS
  const unknown = Object.keys(options).find((option) => !known.includes(option))
  if (unknown === undefined) return
  throw invalid(`${path}.${unknown}`, 'is no option', `known: ${known.join(', ')}`)
}

function timeoutOf(text: string, path: string): number {
  const milliseconds = parseDurationMs(text, path)
  if (milliseconds > 0) return milliseconds
  throw invalid(path, 'leaves no time', 'write more than 0, or leave it out')
}

function moduleBody(options: ModuleFunction, path: string, defaults: FunctionDefaults): ModuleBody {
  const { env = {}, export: exportName = 'default', memory, module } = options
  const odd = Object.keys(env).find((name) => typeof env[name] !== 'string')
  if (odd !== undefined) {
    throw invalid(`${path}.env.${odd}`, 'is no text', 'leave out what is not set')
  }
  const bytes =
    memory === undefined
      ? Math.max(defaults.memoryBytesMax, MEMORY_BYTES_MIN)
      : parseBytes(memory, `${path}.memory`)
  if (bytes < MEMORY_BYTES_MIN) {
    const least = `write at least ${formatBytes(MEMORY_BYTES_MIN)}`
    throw invalid(`${path}.memory`, 'is too little for a thread', least)
  }
  return { module: module.href, exportName, memoryBytesMax: bytes, env: { ...env } }
}

function validatorOf(schema: object, path: string): Validator<unknown> {
  try {
    return inputValidator(schema, 'task.input')
  } catch (cause) {
    const what = `is no JSON Schema: ${messageOf(cause)}`
    throw invalid(path, what, 'correct it; draft 2020-12 is what is read', cause)
  }
}

function invalid(path: string, what: string, hint: string, cause?: unknown): MeshError {
  return new MeshError('CONFIG_INVALID', `${path} ${what}`, { path, hint, cause })
}
