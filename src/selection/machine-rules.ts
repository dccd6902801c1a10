/**
 * What the machine itself must offer: that it takes work at all, the engine, and enough of everything in
 * total. Whether there is room for one more task now is no rule but a matter of waiting: see room.ts.
 */
import { BYTES_PER_MB } from '../core/units.ts'
import { atLeast } from './rule.ts'
import type { Availability, Candidate, SelectionRequest } from './candidate.ts'
import type { Rule, Wording } from './rule.ts'

export function machineRules({
  engine,
  functionName,
  resources
}: SelectionRequest): (Rule | undefined)[] {
  return [
    ...CLOSED,
    engineRule(engine),
    functionRule(functionName),
    atLeast('CPU_TOO_SMALL', resources.cpuCores, (count) => plural(count, 'CPU core'), CPU_CORES),
    atLeast('MEMORY_TOO_SMALL', toMb(resources.memoryBytes), (mb) => `${mb} MB memory`, MEMORY),
    atLeast('DISK_TOO_SMALL', toMb(resources.diskBytes), (mb) => `${mb} MB free disk`, DISK),
    atLeast('GPU_TOO_FEW', resources.gpuCount, (count) => plural(count, 'GPU'), GPUS)
  ]
}

export function toMb(bytes: number): number {
  return bytes / BYTES_PER_MB
}

/** Of a worker's functions, where it lacks the one that was asked for. */
const NAMES_SHOWN = 8

const CPU_CORES = { of: ({ cpuCores }: Candidate): number => cpuCores, unit: '' }
const MEMORY = { of: ({ memoryTotalMb }: Candidate): number => memoryTotalMb, unit: 'MB' }
const DISK = { of: ({ diskAvailableMb }: Candidate): number => diskAvailableMb, unit: 'MB' }
const GPUS = { of: ({ gpuCount }: Candidate): number => gpuCount, unit: '' }

/** A worker takes nothing new in three ways, of which an owner wants to know the right one. */
const CLOSED: readonly Rule[] = [
  closedRule('WORKER_STOPPING', 'stopping', { one: 'is stopping', many: 'are stopping' }),
  closedRule('WORKER_DRAINING', 'draining', { one: 'is draining', many: 'are draining' }),
  closedRule('WORKER_CORDONED', 'cordoned', {
    one: 'is cordoned by its owner',
    many: 'are cordoned by their owners'
  })
]

function closedRule(code: Rule['code'], closed: Availability, wording: Wording): Rule {
  return {
    code,
    refuses: ({ availability }) => availability === closed,
    wording: () => wording
  }
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

/** A worker without the engine has no functions either, and is then counted under the engine. */
function functionRule(name: string | undefined): Rule | undefined {
  if (name === undefined) return undefined
  return {
    code: 'FUNCTION_MISSING',
    refuses: ({ functions }) => !functions.includes(name),
    wording: () => ({ one: `lacks function ${name}`, many: `lack function ${name}` }),
    instead: ({ functions }) =>
      functions.length === 0 ? 'has none' : `has ${someOf(functions.toSorted())}`
  }
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN
  const shown = names.slice(0, NAMES_SHOWN).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

function plural(count: string, noun: string): string {
  return `${count} ${noun}${count === '1' ? '' : 's'}`
}
