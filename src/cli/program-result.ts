/** What a program left behind, read from the JSON that its task returned: its stdout and its files, as bytes. */
import { asRecord } from '../core/json.ts'

export interface ProgramResult {
  stdout: Buffer
  files: readonly ReturnedFile[]
}

export interface ReturnedFile {
  path: string
  content: Buffer
}

/** Undefined for a result that is no program's; each part is believed only if it has the right shape. */
export function readProgramResult(result: unknown): ProgramResult | undefined {
  const { exit_code: exitCode, files, stdout, stdout_base64: base64 } = asRecord(result)
  if (typeof exitCode !== 'number') return undefined
  const listed: unknown[] = Array.isArray(files) ? files : []
  return { stdout: bytesOf(stdout, base64), files: listed.flatMap(readFile) }
}

function readFile(file: unknown): ReturnedFile[] {
  const { base64, path, text } = asRecord(file)
  return typeof path === 'string' ? [{ path, content: bytesOf(text, base64) }] : []
}

function bytesOf(text: unknown, base64: unknown): Buffer {
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  return Buffer.from(typeof text === 'string' ? text : '')
}
