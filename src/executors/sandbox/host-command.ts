/**
 * What a sandbox host is started through. The kernel ends it when this process ends, however it ends: a
 * host whose guest computes in native code hears nothing else. And where this process is root the host
 * is not: should a guest ever take it over, it can then neither signal the node nor speak for it.
 */
import { spawnSync } from 'node:child_process'

const DYING = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'] as const
/** The user `nobody`, by the number that it has on nearly all systems. */
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'] as const
/** What the host does first; another user may not be allowed to. */
const READ = "require('node:fs').accessSync(process.argv[1], require('node:fs').constants.R_OK)"

const known = new Map<string, readonly string[]>()

/**
 * Words to put before the host's own; the most that works here. None outside of Linux, and with other
 * tools than util-linux.
 * @param entryPath file that the host begins with
 */
export function hostCommand(entryPath: string): readonly string[] {
  let command = known.get(entryPath)
  if (command === undefined) {
    const tries = process.platform === 'linux' ? candidates() : []
    command = tries.find((words) => canRun(words, entryPath)) ?? []
    known.set(entryPath, command)
  }
  return command
}

function candidates(): (readonly string[])[] {
  const unprivileged = [...DYING, '--']
  return process.getuid?.() === 0 ? [[...DYING, ...NOBODY, '--'], unprivileged] : [unprivileged]
}

function canRun([file = '', ...words]: readonly string[], entryPath: string): boolean {
  const check = [...words, process.execPath, '-e', READ, entryPath]
  return spawnSync(file, check, { stdio: 'ignore', env: {} }).status === 0
}
