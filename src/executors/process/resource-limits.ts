/** The parts of a command line that take rights and resources away from whatever follows. */
import { findTool } from './system-view.ts'

/**
 * Processes and threads of one task; a program on a large machine starts a thread per core. Counted
 * per user namespace, so that tasks of one user don't take them from each other.
 */
export const PROCESSES_MAX = 256
/** What shells and services usually grant. */
const OPEN_FILES_MAX = 1_024
/** Signals that wait, and timers that send them: else one task could take all that its user may have, on the whole machine. */
const PENDING_SIGNALS_MAX = 256

/**
 * @param fileBytesMax bound of one file, where nothing bounds the folder
 * @throws MeshError ENGINE_UNAVAILABLE
 */
export function limitCommand(fileBytesMax?: number): string[] {
  return [
    findTool('prlimit', 'util-linux'),
    `--nproc=${PROCESSES_MAX}`,
    `--nofile=${OPEN_FILES_MAX}`,
    `--sigpending=${PENDING_SIGNALS_MAX}`,
    ...(fileBytesMax === undefined ? [] : [`--fsize=${fileBytesMax}`]),
    // A core file holds the task's memory and goes where the host says; with 0 a helper of the host would
    // still be started as root to receive it, with 1 the kernel doesn't.
    '--core=1',
    '--'
  ]
}

/** Becomes another user, where this one is root. @throws MeshError ENGINE_UNAVAILABLE */
export function userCommand(uid: number): string[] {
  if (process.getuid?.() === uid) return []
  return [
    findTool('setpriv', 'util-linux'),
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    '--'
  ]
}
