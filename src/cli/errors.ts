/**
 * Errors as the terminal shows them: one line that says what is wrong, where, and what to do. What stands below the
 * first line of a message, such as the last words of a program, stays a block of its own.
 */
import { printable, printableJson } from '../core/plain-text.ts'
import { MeshError } from '../core/errors.ts'

interface ErrorParts {
  code: string
  message: string
  path?: string | undefined
  hint?: string | undefined
  /** What the task's own program calls it. */
  task_code?: string | undefined
}

const BLOCK_LINES_MAX = 20
const BLOCK_MARK = '  | '

/** `error CODE: what is wrong (where); what to do`, and the block below it. */
export function errorLine(error: ErrorParts): string {
  const { message, path, hint } = error
  const { block, head } = splitMessage(message)
  const isSaid = path === undefined || path === '' || message.includes(path)
  const where = isSaid ? '' : ` (${path})`
  const advice = hint === undefined || hint === '' ? '' : `; ${hint}`
  return [oneLine(`error ${codesOf(error)}: ${head}${where}${advice}`), ...block].join('\n')
}

/** `TASK_FAILED PAYMENT_DECLINED`: ours, and the program's own where the message does not say it. */
export function codesOf({ code, message, task_code: taskCode }: ErrorParts): string {
  return taskCode === undefined || message.includes(taskCode) ? code : `${code} ${taskCode}`
}

/** The same error without the block of last words, where a log that was shown just above ends in them. */
export function withoutLogged<T extends ErrorParts>(error: T, log = ''): T {
  const { head } = splitMessage(error.message)
  const [, ...rest] = error.message.split(/\r?\n/)
  const isLogged = rest.length > 0 && rest.every((line) => log.includes(line.trim()))
  return isLogged ? { ...error, message: head } : error
}

/** The first line of a message, without the colon that leads to the rest, and the rest, ready to be shown. */
export function splitMessage(message: string): { head: string; block: string[] } {
  const [first = '', ...rest] = message.split(/\r?\n/)
  const lines = rest.filter((line) => line.trim() !== '')
  return {
    head: lines.length === 0 ? first : first.replace(/:\s*$/, ''),
    block: lines.slice(-BLOCK_LINES_MAX).map((line) => `${BLOCK_MARK}${printable(line).trimEnd()}`)
  }
}

/** The same for programs; what is not known is null. */
export function errorJson({ code, message, path, hint, task_code }: ErrorParts): string {
  const known = { code, message, path: path ?? null, hint: hint ?? null }
  return printableJson(JSON.stringify(task_code === undefined ? known : { ...known, task_code }))
}

/** The stack of what was caught, for whoever set DEBUG. */
export function stackOf(cause: unknown): string {
  const error = cause instanceof MeshError && cause.cause instanceof Error ? cause.cause : cause
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*[\r\n]+\s*/g, ' '))
}
