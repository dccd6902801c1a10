/** Secrets in files: written whole or not at all, and kept from other users of the machine. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname } from 'node:path'
import { MeshError, messageOf } from './errors.ts'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/**
 * The secret in a file; undefined when there is no such file. Rights that others have on it are taken away.
 * @throws MeshError IDENTITY_UNUSABLE
 */
export function readSecret(file: string): Uint8Array | undefined {
  if (!existsSync(file)) return undefined
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & OTHERS) !== 0) {
      chmodSync(file, OWNER_ONLY)
    }
  } catch (cause) {
    throw unusable(`others can read the file ${file}`, { hint: `run: chmod 600 ${file}`, cause })
  }
  try {
    return readFileSync(file)
  } catch (cause) {
    throw unusable(`the file ${file} cannot be read: ${messageOf(cause)}`, {
      hint: 'give this user the right to read it, or choose another --home',
      cause
    })
  }
}

/**
 * A secret is there whole or not at all, even if the power fails: it gets its name once it is written.
 * @throws MeshError IDENTITY_UNUSABLE
 */
export function writeSecret(file: string, secret: Uint8Array | string): void {
  const draft = `${file}.new`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(draft, secret, { mode: OWNER_ONLY, flush: true })
    renameSync(draft, file)
  } catch (cause) {
    throw unusable(`the file ${file} cannot be written: ${messageOf(cause)}`, {
      hint: 'choose a folder that this user may write to',
      cause
    })
  }
}

function unusable(message: string, init: { hint: string; cause: unknown }): MeshError {
  return new MeshError('IDENTITY_UNUSABLE', message, init)
}
