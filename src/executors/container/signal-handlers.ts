/** What a process does when it is asked to end, as Linux shows it. */
import { readText } from '../../core/cgroup-files.ts'

/** Signal 15 in a mask whose lowest bit is signal 1. */
const TERMINATION_BIT = 1n << 14n

/**
 * Whether it has a handler. The first process of a container that has none hears nothing of the signal,
 * where any other would have ended at once.
 */
export function heedsTermination(pid: number): boolean {
  const mask = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]
  return mask === undefined || (BigInt(`0x${mask}`) & TERMINATION_BIT) !== 0n
}
