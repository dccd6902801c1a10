/** Which processes there are and whose children, as Linux tells it; elsewhere nothing is known. */
import { readFileSync, readdirSync } from 'node:fs'

/** One process for good: numbers are given again, but not with the same start. */
export interface ProcessMark {
  pid: number
  startedTicks: string
  command: string
}

/** Fields of `/proc/<pid>/stat` behind the name, which ends with the last bracket. */
const STATE_FIELD = 0
const PARENT_FIELD = 1
const START_FIELD = 19

export function childrenOf(parentPid: number | undefined): ProcessMark[] {
  if (parentPid === undefined || process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => statOf(name)?.[PARENT_FIELD] === String(parentPid))
    .flatMap((name) => markOf(Number(name)) ?? [])
}

export function markOf(pid: number): ProcessMark | undefined {
  const stat = statOf(String(pid))
  if (stat === undefined) return undefined
  return { pid, startedTicks: stat[START_FIELD] ?? '', command: commandOf(pid) }
}

/** A zombie has ended; only its parent has not asked yet. */
export function isAlive(mark: ProcessMark): boolean {
  const stat = statOf(String(mark.pid))
  return stat?.[START_FIELD] === mark.startedTicks && !/[ZX]/.test(stat[STATE_FIELD] ?? '')
}

function statOf(name: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // It ended while we looked.
    return undefined
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}
