/** What the operating system knows and may be told about a child process, where it has such things. */
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Half a share of a busy processor; a lower rank would let tasks time out on a shared machine. */
const NICENESS = 3

/** Memory that the process occupies; undefined where the system does not tell, or the process is gone. */
export function residentBytes(pid: number | undefined): number | undefined {
  if (process.platform !== 'linux' || pid === undefined) return undefined
  try {
    // Not `statm`: that counts pages, whose size differs from machine to machine.
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024
  } catch {
    return undefined
  }
}

/** The node that talks to its peers goes before the tasks that it runs. */
export function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, NICENESS)
  } catch {
    // It is gone already, which its parent learns in its own way.
  }
}
