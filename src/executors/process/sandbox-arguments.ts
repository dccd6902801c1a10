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
  /** Arguments that show what this task was granted besides; after all that hides. */
  devices: readonly string[]
  /** In the machine's own network instead of an empty one. */
  hasNetwork: boolean
  env: Readonly<Record<string, string>>
  /** Whether there is something to read for the program. */
  hasStdin: boolean
  /** Size of /tmp, and of the working folder where that lies in memory. */
  memoryFolderBytes: number
  /** Of a working folder on the disk; undefined: in memory. */
  folderPath: string | undefined
  /** Arguments that show what is to be read in that folder; from `inputMounts`. */
  inputs: readonly string[]
}

/** Descriptors that bwrap reads from; it closes them before the program starts. */
export const SANDBOX_DESCRIPTORS = { arguments: 3, filter: 4, users: 5, stdin: 6 } as const

/** Read-only, and in the sandbox's own memory: on the disk, a task could fill the disk through it. */
export const SANDBOX_STDIN_PATH = '/.stdin'

/** Programs share memory through files in it; it counts as the task's memory. */
const SHARED_MEMORY_BYTES = 64 * 2 ** 20

export function sandboxArguments(init: SandboxInit): string[] {
  const { devices, env, folderPath, hasNetwork, hasStdin, inputs, memoryFolderBytes, uid, view } =
    init
  const { filter, stdin, users } = SANDBOX_DESCRIPTORS
  const size = String(memoryFolderBytes)
  const groups = [
    // A user namespace for itself, and none further: those are the kernel's widest open door.
    ['--unshare-user', '--unshare-all', '--disable-userns'],
    hasNetwork ? ['--share-net'] : [],
    // It ends with the worker, however that ends, and has no terminal to type into.
    ['--die-with-parent', '--new-session'],
    ['--clearenv', ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value])],
    ['--hostname', 'task', '--uid', String(uid), '--gid', String(uid), '--cap-drop', 'ALL'],
    view,
    ['--perms', '0644', '--ro-bind-data', String(users), '/etc/passwd'],
    hasStdin ? ['--perms', '0444', '--ro-bind-data', String(stdin), SANDBOX_STDIN_PATH] : [],
    // A task that ran as root could write `core_pattern` through a fresh /proc, and be root outside.
    ['--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys'],
    // Else both are as large as half the machine's memory, and outside every limit.
    ['--dev', '/dev', '--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    devices,
    ['--remount-ro', '/dev'],
    ['--perms', '1777', '--size', size, '--tmpfs', '/tmp'],
    // In memory the kernel bounds it to the byte, and nothing of it is left when the task is over.
    folderPath === undefined
      ? ['--perms', '0700', '--size', size, '--tmpfs', '/work']
      : ['--bind', folderPath, '/work'],
    inputs,
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
