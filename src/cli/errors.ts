/** Errors as the terminal shows them: one line that says what is wrong, where, and what to do. */
import { MeshError } from '../core/errors.ts'
import { printable } from './render.ts'

interface ErrorParts {
  code: string
  message: string
  path?: string | undefined
  hint?: string | undefined
}

/** `error CODE: what is wrong (where); what to do` */
export function errorLine({ code, message, path, hint }: ErrorParts): string {
  const isSaid = path === undefined || path === '' || message.includes(path)
  const where = isSaid ? '' : ` (${path})`
  const advice = hint === undefined || hint === '' ? '' : `; ${hint}`
  return oneLine(`error ${code}: ${message}${where}${advice}`)
}

/** The same for programs; what is not known is null. */
export function errorJson({ code, message, path, hint }: ErrorParts): string {
  return JSON.stringify({ code, message, path: path ?? null, hint: hint ?? null })
}

/** The stack of what was caught, for whoever set DEBUG. */
export function stackOf(cause: unknown): string {
  const error = cause instanceof MeshError && cause.cause instanceof Error ? cause.cause : cause
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*[\r\n]+\s*/g, ' '))
}
