/**
 * The few lines of our own that run inside the guest, before any of the task's code: `console`,
 * `progress`, the call of `main`, and the description of errors. They keep the built-ins that they
 * need in constants, so that a task which overwrites built-ins harms nobody but itself.
 */
import { LIMITS } from '../../core/limits.ts'
import { FAULT_MESSAGE_LENGTH_MAX, PROGRESS_TEXT_LENGTH_MAX } from '../sandbox/messages.ts'

/** The name under which the task's `main` is exported to us. */
export const MAIN_EXPORT = '__taskmeshMain'

/** A script whose value is a function of `writeOut`, `writeErr` and `report` that yields `{call, describe}`. */
export const GUEST_GLUE = `((writeOut, writeErr, report) => {
  const { parse, stringify } = JSON
  const { apply } = Reflect
  const text = String
  const slice = text.prototype.slice
  const ErrorClass = Error
  const TypeErrorClass = TypeError
  const cut = (value, length) => apply(slice, text(value), [0, length])
  const show = (value) => {
    if (typeof value === 'string') return value
    if (value instanceof ErrorClass) return value.name + ': ' + value.message + '\\n' + value.stack
    if (typeof value === 'object' && value !== null) {
      try { return stringify(value) ?? text(value) } catch { return '[object that is not JSON]' }
    }
    return typeof value === 'function' ? '[function ' + value.name + ']' : text(value)
  }
  const printer = (write) => (...values) => {
    let line = ''
    for (let index = 0; index < values.length; index += 1) {
      line += (index === 0 ? '' : ' ') + show(values[index])
    }
    const kept = line.length > ${LIMITS.logBytesMax} ? cut(line, ${LIMITS.logBytesMax}) : line
    write(stringify(kept), line.length - kept.length)
  }
  const out = printer(writeOut)
  const err = printer(writeErr)
  globalThis.console = { log: out, info: out, debug: out, warn: err, error: err }
  globalThis.progress = (ratio, note) => {
    if (typeof ratio !== 'number' || ratio !== ratio) {
      const given = typeof ratio === 'number' ? 'NaN' : typeof ratio
      throw new TypeErrorClass('progress(ratio, text) needs a ratio from 0 to 1, not ' + given)
    }
    const bounded = ratio < 0 ? 0 : ratio > 1 ? 1 : ratio
    const line = note === undefined ? note : stringify(cut(note, ${PROGRESS_TEXT_LENGTH_MAX}))
    report(bounded, line)
  }
  const call = async (main, inputText) => {
    const value = await main(parse(inputText))
    if (value === undefined) return 'null'
    let output
    try { output = stringify(value) } catch (error) {
      if (!(error instanceof TypeErrorClass)) throw error
      throw new TypeErrorClass('the result of main is not JSON: ' + error.message)
    }
    if (output === undefined) {
      throw new TypeErrorClass('the result of main is not JSON: it is a ' + typeof value)
    }
    return output
  }
  const describe = (thrown) => {
    const isError = typeof thrown === 'object' && thrown !== null && 'message' in thrown
    return isError
      ? stringify({
          name: cut(thrown.name, 100),
          message: cut(thrown.message, ${FAULT_MESSAGE_LENGTH_MAX}),
          stack: cut(thrown.stack, 4000)
        })
      : stringify({ message: cut(show(thrown), ${FAULT_MESSAGE_LENGTH_MAX}) })
  }
  return { call, describe }
})`
