/**
 * How a call of a function went wrong, as plain data that crosses threads. What a function throws may be
 * any value at all, with getters that throw themselves; of it are read a message and the few words by
 * which a function says what shall follow.
 */
import { FAULT_MESSAGE_LENGTH_MAX } from '../sandbox/messages.ts'
import { MeshError } from '../../core/errors.ts'

/**
 * What a function may say beside the message of the error that it throws:
 * `throw Object.assign(new Error('no space left'), { code: 'DISK_FULL', blame: 'worker' })`.
 */
export interface FunctionErrorWords {
  /** The function's own name for it, up to 128 characters; others find it as `error.task_code`. */
  code?: string
  /**
   * Whose fault it is, and so whether it is tried again. `job`: only if the job says `retry.on: ["job"]`.
   * `worker`: this machine cannot; it goes elsewhere, and this worker's reputation suffers. `network`: what
   * the function needs cannot be reached just now; it is tried again, and nobody suffers.
   * @default 'job'
   */
  blame?: FunctionBlame
  /** What whoever submitted the job can do about it. */
  hint?: string
}

export type FunctionBlame = (typeof BLAMES)[number]

export interface FunctionFault extends Omit<FunctionErrorWords, 'code'> {
  /** ENGINE_UNAVAILABLE where the function itself can no longer be had. */
  code: 'TASK_FAILED' | 'TASK_OUT_OF_MEMORY' | 'TASK_OUTPUT_TOO_LARGE' | 'ENGINE_UNAVAILABLE'
  message: string
  taskCode?: string
  /** Where it was thrown; for the function's owner alone. */
  stack?: string
}

const BLAMES = ['job', 'worker', 'network'] as const
/** A name, not a text. */
const TASK_CODE_LENGTH_MAX = 128
const HINT_LENGTH_MAX = 500
const STACK_LENGTH_MAX = 8_000

/** Never throws, whatever was thrown. */
export function faultOfThrown(thrown: unknown): FunctionFault {
  try {
    return { ...faultOf('TASK_FAILED', textOf(thrown)), ...wordsOf(thrown) }
  } catch {
    return faultOf('TASK_FAILED', 'the function threw what cannot be read')
  }
}

export function faultOf(code: FunctionFault['code'], message: string): FunctionFault {
  return { code, message: message.slice(0, FAULT_MESSAGE_LENGTH_MAX) }
}

/** As the worker tells it; its stack stays here. */
export function errorOfFault({ code, message, stack, ...words }: FunctionFault): MeshError {
  const { blame } = words
  const retryable = blame === undefined ? undefined : blame !== 'job'
  const error = new MeshError(code, message, { ...words, retryable })
  if (stack !== undefined) error.stack = stack
  return error
}

function textOf(thrown: unknown): string {
  if (!isRecord(thrown)) return String(thrown)
  const { cause, message, name } = thrown
  const own = typeof message === 'string' ? message : JSON.stringify(thrown)
  const first = own === '' ? String(name) : own
  // `fetch failed` by itself helps nobody.
  return cause instanceof Error ? `${first}: ${cause.message}` : first
}

function wordsOf(thrown: unknown): Omit<FunctionFault, 'code' | 'message'> {
  if (!isRecord(thrown)) return {}
  const { blame: given, code, hint, stack } = thrown
  const blame = BLAMES.find((known) => known === given)
  return {
    ...(typeof code === 'string' ? { taskCode: code.slice(0, TASK_CODE_LENGTH_MAX) } : {}),
    ...(blame === undefined ? {} : { blame }),
    ...(typeof hint === 'string' ? { hint: hint.slice(0, HINT_LENGTH_MAX) } : {}),
    ...(typeof stack === 'string' ? { stack: stack.slice(0, STACK_LENGTH_MAX) } : {})
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
