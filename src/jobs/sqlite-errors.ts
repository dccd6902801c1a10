/** What SQLite reports, turned into errors that tell an operator which file and what to do. */
import { MeshError, messageOf } from '../core/errors.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html), which are part of its stable interface. */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const TOOBIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const NOTADB = 26

/** True when one call's own values are at fault, so that its neighbours can still be written. */
export function isCallersFault(cause: unknown): boolean {
  const code = resultCode(cause)
  if (code === undefined) return cause instanceof TypeError || cause instanceof RangeError
  return code === CONSTRAINT || code === MISMATCH || code === TOOBIG
}

export function toStoreError(cause: unknown, file: string): MeshError {
  if (cause instanceof MeshError) return cause
  const code = resultCode(cause)
  const text = messageOf(cause)
  if (code === BUSY || code === LOCKED) {
    return new MeshError('NODE_ALREADY_RUNNING', `another process uses the job store ${file}`, {
      hint: 'stop the other router, or give this one a data folder of its own',
      cause
    })
  }
  if (code === CORRUPT || code === NOTADB) return damaged(file, text, cause)
  if (isCallersFault(cause)) {
    return new MeshError('STORE_FAILED', `the job store refused a change: ${text}`, {
      retryable: false,
      hint: 'this is a bug of taskmesh: please report it with this message',
      cause
    })
  }
  return new MeshError('STORE_FAILED', `the job store ${file} failed: ${text}`, {
    hint: hintFor(code, cause, file),
    cause
  })
}

export function damaged(file: string, found: string, cause?: unknown): MeshError {
  return new MeshError('STORE_FAILED', `the job store ${file} is damaged: ${found}`, {
    retryable: false,
    hint:
      `put the last good backup in its place, or move ${file} and ${file}-wal away to begin ` +
      'with an empty store; `sqlite3 <file> .recover` may save what is left',
    cause
  })
}

function hintFor(code: number | undefined, cause: unknown, file: string): string {
  const systemCode = (cause as NodeJS.ErrnoException).code
  if (code === FULL || systemCode === 'ENOSPC') {
    return `the disk is full: free space where ${file} lies; the router goes on by itself`
  }
  if (code === READONLY || code === CANTOPEN || systemCode === 'EACCES' || systemCode === 'EPERM') {
    return `this user must be allowed to write ${file} and its folder`
  }
  if (code === IOERR) return `the disk under ${file} reports errors: look at the system log`
  return `see that ${file} and its folder exist and can be written`
}

/** Extended codes keep the primary one in their low byte. */
function resultCode(cause: unknown): number | undefined {
  const code = (cause as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}
