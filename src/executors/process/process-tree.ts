/**
 * The processes below one process, as Linux shows them: who they are, what they use, whether they are
 * gone. Process ids are the host's, which see into every sandbox. It only reads and signals.
 */
import { readdirSync } from 'node:fs'
import { readText } from '../../core/cgroup-files.ts'

export interface TreeFigures {
  residentBytes: number
  cpuMs: number
}

/** Of a kernel's clock in /proc; 100 on every architecture that we filter for. */
const TICKS_PER_SECOND = 100
const KIB = 1_024

/** All below `pid`, parents before their children. What began a moment ago may be missing. */
export function descendants(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child)])
}

/**
 * Processes that were started with this `HOME`, wherever in the tree they are now. One that gives itself
 * another environment is not found.
 */
export function processesAtHome(folder: string): number[] {
  const word = `HOME=${folder}`
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids
    .filter((pid) => (readText(`/proc/${pid}/environ`) ?? '').split('\0').includes(word))
    .map(Number)
}

/** True while it is more than an entry that waits for its parent to look. */
export function isAlive(pid: number): boolean {
  const state = statFields(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It is gone already.
    }
  }
}

/** Pages that several share count once for each: an upper bound, at the price of one small file. */
export function treeFigures(pids: readonly number[]): TreeFigures {
  const figures = { residentBytes: 0, cpuMs: 0 }
  for (const pid of pids) {
    figures.residentBytes += kibibytes(readText(`/proc/${pid}/status`), 'VmRSS') * KIB
    // Its own time and that of children it has seen end, as user and as system.
    const ticks = (statFields(pid)?.slice(11, 15) ?? []).map(Number)
    figures.cpuMs += (ticks.reduce((sum, value) => sum + value, 0) * 1_000) / TICKS_PER_SECOND
  }
  return figures
}

/** Memory with shared pages counted by shares: right, but the kernel walks all pages for it. */
export function proportionalBytes(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => sum + kibibytes(readText(`/proc/${pid}/smaps_rollup`), 'Pss') * KIB,
    0
  )
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    (readText(`/proc/${pid}/task/${thread}/children`) ?? '')
      .split(' ')
      .filter((text) => text !== '')
      .map(Number)
  )
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    // It ended meanwhile.
    return []
  }
}

/** From the state on: a name before it may hold spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  const text = readText(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

function kibibytes(text: string | undefined, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1] ?? 0)
}
