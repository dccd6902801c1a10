/**
 * What the machine itself must offer: the engine, and enough of everything in total. Whether there is
 * room for one more task now is no rule but a matter of waiting: see room.ts.
 */
import { BYTES_PER_MB } from '../core/units.ts'
import { atLeast } from './rule.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { Rule } from './rule.ts'

/** Bytes in the megabyte of the command protocol, which counts memory as machines do. */

export function machineRules({ engine, resources }: SelectionRequest): (Rule | undefined)[] {
  return [
    STOPPING,
    engineRule(engine),
    atLeast('CPU_TOO_SMALL', resources.cpuCores, (count) => plural(count, 'CPU core'), CPU_CORES),
    atLeast('MEMORY_TOO_SMALL', toMb(resources.memoryBytes), (mb) => `${mb} MB memory`, MEMORY),
    atLeast('DISK_TOO_SMALL', toMb(resources.diskBytes), (mb) => `${mb} MB free disk`, DISK),
    atLeast('GPU_TOO_FEW', resources.gpuCount, (count) => plural(count, 'GPU'), GPUS)
  ]
}

export function toMb(bytes: number): number {
  return bytes / BYTES_PER_MB
}

const CPU_CORES = { of: ({ cpuCores }: Candidate): number => cpuCores, unit: '' }
const MEMORY = { of: ({ memoryTotalMb }: Candidate): number => memoryTotalMb, unit: 'MB' }
const DISK = { of: ({ diskAvailableMb }: Candidate): number => diskAvailableMb, unit: 'MB' }
const GPUS = { of: ({ gpuCount }: Candidate): number => gpuCount, unit: '' }

const STOPPING: Rule = {
  code: 'WORKER_STOPPING',
  refuses: ({ isStopping }) => isStopping,
  wording: () => ({ one: 'is stopping', many: 'are stopping' })
}

function engineRule(engine: string): Rule {
  return {
    code: 'ENGINE_MISSING',
    refuses: ({ engines }) => !engines.includes(engine),
    wording: () => ({ one: `lacks engine ${engine}`, many: `lack engine ${engine}` }),
    instead: ({ engines }) =>
      engines.length === 0 ? 'offers none' : `offers ${engines.toSorted().join(', ')}`
  }
}

function plural(count: string, noun: string): string {
  return `${count} ${noun}${count === '1' ? '' : 's'}`
}
