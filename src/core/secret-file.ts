/**
 * Secrets in files: written whole or not at all, and kept from other users of the machine. Our own files must
 * be what we once wrote; a file that a person names may be as their system hands secrets out.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { hasRights, isTrusted, openPrivateFolder, requirePrivate } from './private-folder.ts'
import { MeshError, messageOf } from './errors.ts'
import type { PlaceFault } from './private-folder.ts'
import type { Stats } from 'node:fs'

const OWNER_ONLY = 0o600
const OTHERS = 0o077
const OTHERS_WRITE = 0o022
/** No key and no token is longer. */
const SECRET_BYTES_MAX = 65_536

/**
 * The secret in a file of ours; undefined when there is no such file. The right to read that others have is taken away.
 * @throws MeshError IDENTITY_UNUSABLE where it cannot be read, or others may have put it there
 */
export function readSecret(file: string): Uint8Array | undefined {
  const descriptor = openOwn(file)
  if (descriptor === undefined) return undefined
  try {
    requirePrivate(dirname(file))
    const stats = fstatSync(descriptor)
    const fault = hasRights() ? secretFault(file, stats) : undefined
    if (fault !== undefined) throw unusable(fault.what, { hint: fault.remedy })
    if (hasRights() && (stats.mode & OTHERS) !== 0) takeFromOthers(descriptor, file)
    return readFileSync(descriptor)
  } catch (cause) {
    throw cause instanceof MeshError ? cause : unreadable(file, cause)
  } finally {
    closeSync(descriptor)
  }
}

/** Why a file of ours can't be trusted to hold what we wrote; undefined where it can. */
export function secretFault(
  file: string,
  stats: Pick<Stats, 'mode' | 'nlink' | 'uid' | 'isFile'>
): PlaceFault | undefined {
  const remedy = `move it away, or, if you trust it, run: cp ${file} ${file}.own && chmod 600 ${file}.own && mv ${file}.own ${file}`
  if (!stats.isFile()) return { what: `${file} is no plain file`, remedy: 'move it away' }
  if (!isTrusted(stats.uid)) {
    return { what: `the file ${file} belongs to another user (uid ${stats.uid})`, remedy }
  }
  if ((stats.mode & OTHERS_WRITE) !== 0) {
    return { what: `others may write to the file ${file}, and may have changed it`, remedy }
  }
  if (stats.nlink > 1) return { what: `the file ${file} has a second name elsewhere`, remedy }
  return undefined
}

/**
 * A secret is there whole or not at all, even if the power fails: it gets its name once it is written.
 * @throws MeshError IDENTITY_UNUSABLE
 */
export function writeSecret(file: string, secret: Uint8Array | string): void {
  const draft = `${file}.new`
  try {
    openPrivateFolder(dirname(file))
    // What a crash has left. The new one is made by us or not at all, so that no link leads it elsewhere.
    rmSync(draft, { force: true })
    writeFileSync(draft, secret, { mode: OWNER_ONLY, flag: 'wx', flush: true })
    renameSync(draft, file)
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    throw unusable(`the file ${file} cannot be written: ${messageOf(cause)}`, {
      hint: 'choose a folder that this user may write to',
      cause
    })
  }
}

/**
 * A secret as a person gives it: `@FILE` stands for what the file holds, anything else for itself. Others may have
 * the right to read that file, as containers hand secrets out, but not to write to it.
 * @param source what to call the place where it was given
 * @throws MeshError FIELD_INVALID
 */
export function givenSecret(text: string, source: string): string {
  if (!text.startsWith('@')) return text.trim()
  const file = text.startsWith('@~/') ? join(homedir(), text.slice(3)) : text.slice(1)
  try {
    const stats = statSync(file)
    if (stats.size > SECRET_BYTES_MAX) throw new Error('it is too long for a secret')
    if (stats.isFile() && hasRights() && (stats.mode & OTHERS_WRITE) !== 0) {
      throw new Error(`others may write to it; run: chmod go-w ${file}`)
    }
    if (stats.isFile() && hasRights() && !isTrusted(stats.uid)) {
      throw new Error(`it belongs to another user (uid ${stats.uid})`)
    }
    const secret = readFileSync(file, 'utf8').trim()
    if (secret === '') throw new Error('it is empty')
    return secret
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `no secret in the file ${file}: ${messageOf(cause)}`, {
      path: source,
      hint: `write ${source} @FILE with a file that holds nothing but the secret`,
      cause
    })
  }
}

/** No link is followed: whoever made it may lead it elsewhere tomorrow. */
function openOwn(file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') {
      const hint = 'put the file itself there, with: cp --remove-destination'
      throw unusable(`the file ${file} is a symbolic link`, { hint, cause })
    }
    throw unreadable(file, cause)
  }
}

function takeFromOthers(descriptor: number, file: string): void {
  try {
    fchmodSync(descriptor, OWNER_ONLY)
  } catch (cause) {
    throw unusable(`others can read the file ${file}`, { hint: `run: chmod 600 ${file}`, cause })
  }
}

function unreadable(file: string, cause: unknown): MeshError {
  return unusable(`the file ${file} cannot be read: ${messageOf(cause)}`, {
    hint: 'give this user the right to read it, or choose another --home',
    cause
  })
}

function unusable(message: string, init: { hint: string; cause?: unknown }): MeshError {
  return new MeshError('IDENTITY_UNUSABLE', message, init)
}
