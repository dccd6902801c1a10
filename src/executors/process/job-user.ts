/**
 * As whom tasks run. Never as root: not even a sandbox without any capability keeps root from the
 * kernel's own files, and limits on processes don't count for it.
 */
import { MeshError } from '../../core/errors.ts'

/** `nobody`, who owns nothing on any system. */
const NOBODY = 65_534

/**
 * @param wanted what the owner's settings say
 * @param own this process's user
 * @throws MeshError ENGINE_UNAVAILABLE
 */
export function chooseJobUser(wanted: number | undefined, own: number | undefined): number {
  if (own === undefined) throw unavailable('this system has no user ids', 'use Linux')
  if (wanted === 0) throw unavailable('tasks never run as root', 'name another user')
  if (own === 0) return wanted ?? NOBODY
  if (wanted === undefined || wanted === own) return own
  throw unavailable(`only root may run tasks as user ${wanted}`, 'leave process_uid out')
}

function unavailable(message: string, hint: string): MeshError {
  return new MeshError('ENGINE_UNAVAILABLE', message, { hint })
}
