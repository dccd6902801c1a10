/** What SQLite reports, turned into errors that tell an operator which file and what to do. */
import { MeshError, messageOf } from '../../core/errors.ts'
import { howToReplace } from './restore.ts'

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
  if (isInUse(cause)) {
    return new MeshError('NODE_ALREADY_RUNNING', `another process uses the job store ${file}`, {
      hint: 'stop the other router, or give this one a data folder of its own',
      cause
    })
  }
  if (isDamage(cause)) {
    return new MeshError('STORE_FAILED', `the job store ${file} is damaged: ${text}`, {
      retryable: false,
      hint: howToReplace(file),
      cause
    })
  }
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

/** What a check of the file found, as SQLite would report it itself. */
export function damageOf(found: string): Error {
  return Object.assign(new Error(found), { errcode: CORRUPT })
}

export function isDamage(cause: unknown): boolean {
  const code = resultCode(cause)
  return code === CORRUPT || code === NOTADB
}

export function isInUse(cause: unknown): boolean {
  const code = resultCode(cause)
  return code === BUSY || code === LOCKED
}

function hintFor(code: number | undefined, cause: unknown, file: string): string {
  const systemCode = (cause as NodeJS.ErrnoException).code
  if (code === FULL || systemCode === 'ENOSPC') {
    return `the disk is full: free space where ${file} lies; the router goes on by itself`
  }
  const isForbidden = ['EACCES', 'EPERM', 'EROFS'].includes(systemCode ?? '')
  if (code === READONLY || code === CANTOPEN || isForbidden) {
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
