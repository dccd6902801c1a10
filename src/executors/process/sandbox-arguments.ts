/**
 * The full list of arguments with which bubblewrap makes a task's sandbox. Pure. Each has its reason,
 * most of them an attack that worked without it; the probe at start uses the same list, so that a
 * machine on which one of them fails doesn't offer the engine.
 */

export interface SandboxInit {
  /** User and group that the task is, inside and outside; never 0. */
  uid: number
  /** Arguments that show the system; from `systemView`. */
  view: readonly string[]
  env: Readonly<Record<string, string>>
  /** Size of the working folder, and of /tmp. */
  folderBytes: number
}

/** Descriptors that bwrap reads from; it closes them before the program starts. */
export const SANDBOX_DESCRIPTORS = { arguments: 3, filter: 4, users: 5 } as const

/** Programs share memory through files in it; it counts as the task's memory. */
const SHARED_MEMORY_BYTES = 64 * 2 ** 20

export function sandboxArguments({ env, folderBytes, uid, view }: SandboxInit): string[] {
  const { filter, users } = SANDBOX_DESCRIPTORS
  const groups = [
    // A user namespace for itself, and none further: those are the kernel's widest open door.
    ['--unshare-user', '--unshare-all', '--disable-userns'],
    // It ends with the worker, however that ends, and has no terminal to type into.
    ['--die-with-parent', '--new-session'],
    ['--clearenv', ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value])],
    ['--hostname', 'task', '--uid', String(uid), '--gid', String(uid), '--cap-drop', 'ALL'],
    view,
    ['--perms', '0644', '--ro-bind-data', String(users), '/etc/passwd'],
    // A task that ran as root could write `core_pattern` through a fresh /proc, and be root outside.
    ['--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys'],
    // Else both are as large as half the machine's memory, and outside every limit.
    ['--dev', '/dev', '--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    ['--remount-ro', '/dev'],
    ['--perms', '1777', '--size', String(folderBytes), '--tmpfs', '/tmp'],
    // In memory: the kernel bounds it to the byte, and nothing of it is left when the task is over.
    ['--perms', '0700', '--size', String(folderBytes), '--tmpfs', '/work'],
    ['--remount-ro', '/', '--chdir', '/work'],
    ['--seccomp', String(filter)]
  ]
  return groups.flat()
}

/** As `--args` reads them: where `ps` shows nothing, and no length is too much. */
export function encodeArguments(texts: readonly string[]): Uint8Array {
  return Buffer.from(texts.map((text) => `${text}\0`).join(''))
}

/** Without a name for its user many a program refuses to work. */
export function usersFile(uid: number): Uint8Array {
  return Buffer.from(`task:x:${uid}:${uid}:task:/work:/bin/sh\n`)
}
