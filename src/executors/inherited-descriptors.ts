/**
 * What this process was born with and would pass on. Node opens all of its own files so that children
 * don't get them; what a parent left open (a log, a lock, a pipe of a script) it knows nothing of,
 * bubblewrap passes it on as well, and a task could then read or write it.
 */
import { closeSync, readdirSync } from 'node:fs'
import { readText } from '../core/cgroup-files.ts'

const STDERR = 2
/** O_CLOEXEC in the octal flags that the kernel shows. */
const CLOSED_ON_EXEC = 0o2000000

/** Beside the three streams; none where the system does not show its descriptors. */
export function inheritedDescriptors(): number[] {
  return openDescriptors().filter((descriptor) => descriptor > STDERR && isPassedOn(descriptor))
}

/** What was closed. */
export function closeInheritedDescriptors(): number[] {
  // A parent that is a Node speaks through this one.
  const channel = Number(process.env['NODE_CHANNEL_FD'] ?? Number.NaN)
  const closed = inheritedDescriptors().filter((descriptor) => descriptor !== channel)
  for (const descriptor of closed) closeSync(descriptor)
  return closed
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    // Not Linux.
    return []
  }
}

function isPassedOn(descriptor: number): boolean {
  const flags = /^flags:\s+(\d+)$/m.exec(readText(`/proc/self/fdinfo/${descriptor}`) ?? '')?.[1]
  // The one that listed them is gone again.
  return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0
}
