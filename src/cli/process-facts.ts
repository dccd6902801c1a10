/** What the operating system says about a process that may or may not be ours. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (cause) {
    // It lives, but belongs to somebody else.
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** It has ended, but its parent has not asked how: in containers there may be nobody who will. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')')).startsWith(') Z')
  } catch {
    // It went just now; or there is no /proc here, and nobody can tell.
    return existsSync('/proc/self/stat')
  }
}

/** The words a process was started with; empty when that can't be known. */
export function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((word) => word !== '')
  } catch {
    // No /proc here: macOS has ps.
    const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    return (stdout ?? '')
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '')
  }
}
