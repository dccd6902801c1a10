/** What the figures were taken on, said beside them, because it decides most of them. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

export interface Machine {
  cpu: string
  cores: number
  memoryGib: number
  node: string
  /** Over the last minute, at the time of asking. */
  load: number
}

export const CAVEAT =
  'Absolute figures mean nothing outside this run: compare the ratios, and only within it.'

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 1_024 ** 3),
    node: process.version,
    load: loadavg()[0] ?? Number.NaN
  }
}

export function renderMachine(machine: Machine): string {
  const { cores, cpu, load, memoryGib, node } = machine
  return `${cores} cores of ${cpu}, ${memoryGib} GiB, Node ${node}, load ${load.toFixed(1)} at the start`
}
