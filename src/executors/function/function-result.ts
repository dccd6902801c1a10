/**
 * The JSON text of what a function returned, or why there is none. It is measured before it is written: to
 * write out what is far too long would take more memory than its thread has, and V8 then ends the program.
 */
import { LIMITS } from '../../core/limits.ts'
import { faultOf } from './function-fault.ts'
import { messageOf } from '../../core/errors.ts'
import type { FunctionFault } from './function-fault.ts'

export type FunctionResult = { output: string } | { fault: FunctionFault }

export function encodeResult(returned: unknown): FunctionResult {
  if (returned === undefined) return { output: 'null' }
  try {
    if (leastLengthOf(returned) > LIMITS.resultBytesMax) return tooLarge()
    const output = JSON.stringify(returned)
    if (output === undefined) return notJson(`it is a ${typeof returned}`)
    return Buffer.byteLength(output) > LIMITS.resultBytesMax ? tooLarge() : { output }
  } catch (cause) {
    return notJson(messageOf(cause))
  }
}

/**
 * Of its JSON text; one above the bound may be anything above it. What writes itself by `toJSON`, as dates
 * do, counts nothing, and neither does what is around it: whoever writes the text finds a circle.
 * @throws TypeError for bytes, which JSON would turn into a list of numbers many times their size
 */
function leastLengthOf(value: unknown, around: Set<object> = new Set()): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  if (ArrayBuffer.isView(value)) throw new TypeError('it holds bytes; return them as base64 text')
  if (around.has(value) || 'toJSON' in value) return 0
  around.add(value)
  const length = Array.isArray(value) ? listLength(value, around) : objectLength(value, around)
  around.delete(value)
  return length
}

function listLength(list: readonly unknown[], around: Set<object>): number {
  let length = 0
  for (const part of list) {
    length += leastLengthOf(part, around)
    if (length > LIMITS.resultBytesMax) break
  }
  return length
}

function objectLength(value: object, around: Set<object>): number {
  let length = 0
  for (const name of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[name]
    if (part === undefined) continue
    length += name.length + leastLengthOf(part, around)
    if (length > LIMITS.resultBytesMax) break
  }
  return length
}

function tooLarge(): FunctionResult {
  const message = `the result is longer than ${LIMITS.resultBytesMax} bytes`
  return { fault: faultOf('TASK_OUTPUT_TOO_LARGE', message) }
}

function notJson(why: string): FunctionResult {
  return { fault: faultOf('TASK_FAILED', `what it returned is not JSON: ${why}`) }
}
