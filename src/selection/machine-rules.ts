/**
 * What the machine itself must offer: the engine, what the task names there, and enough of everything in total. Whether there is room for one more task now is no rule but a matter of waiting: see room.ts.
 */
import { ANY_PROGRAM, isSameImage, isSameProgram } from '../model/task-names.ts'
import { BYTES_PER_MB } from '../core/units.ts'
import { breachOf } from '../model/router-limits.ts'
import { atLeast, formatCount, formatMb } from './rule.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { Rule } from './rule.ts'

export function machineRules(request: SelectionRequest): (Rule | undefined)[] {
  const { engine, hasNetwork, resources, taskName } = request
  return [
    ownerRule(request),
    engineRule(engine),
    nameRule(engine, taskName),
    hasNetwork ? networkRule(engine) : undefined,
    atLeast('CPU_TOO_SMALL', resources.cpuCores, 'too few CPU cores', CPU_CORES),
    atLeast('MEMORY_TOO_SMALL', toMb(resources.memoryBytes), 'too little memory', MEMORY),
    atLeast('DISK_TOO_SMALL', toMb(resources.diskBytes), 'too little free disk', DISK),
    atLeast('GPU_TOO_FEW', resources.gpuCount, 'too few GPUs', GPUS)
  ]
}

export function toMb(bytes: number): number {
  return bytes / BYTES_PER_MB
}

/** Of what a worker has, where it lacks what was asked for. */
const NAMES_SHOWN = 8

const CPU_CORES = { of: ({ cpuCores }: Candidate): number => cpuCores, format: formatCount }
const MEMORY = { of: ({ memoryTotalMb }: Candidate): number => memoryTotalMb, format: formatMb }
const DISK = { of: ({ diskAvailableMb }: Candidate): number => diskAvailableMb, format: formatMb }
const GPUS = { of: ({ gpuCount }: Candidate): number => gpuCount, format: formatCount }

function engineRule(engine: string): Rule {
  return {
    code: 'ENGINE_MISSING',
    refuses: ({ engines }) => !engines.includes(engine),
    wording: () => ({ one: `lacks engine ${engine}`, many: `lack engine ${engine}` }),
    instead: ({ engines }) =>
      engines.length === 0 ? 'offers none' : `offers ${engines.toSorted().join(', ')}`
  }
}

/** What a worker's owner lets this router ask for: the worker would refuse what is more. */
function ownerRule({ engine, hasNetwork, resources, runMs }: SelectionRequest): Rule {
  const ask = { engine, hasNetwork, runMs, ...resources }
  return {
    code: 'OWNER_LIMITS',
    refuses: ({ limits }) => limits !== undefined && breachOf(limits, ask) !== undefined,
    wording: () => ({ one: 'is limited by its owner', many: 'are limited by their owners' }),
    instead: ({ limits = {} }) => `who ${breachOf(limits, ask)?.words ?? ''}`
  }
}

/** What tasks of one engine name, and how it is found among what a worker has. */
interface Named {
  code: Rule['code']
  noun: string
  of: (candidate: Candidate) => readonly string[]
  isSame: (offered: string, name: string) => boolean
  show: (name: string) => string
}

const NAMED: ReadonlyMap<string, Named> = new Map<string, Named>([
  [
    'function',
    {
      code: 'FUNCTION_MISSING',
      noun: 'function',
      of: ({ functions }) => functions,
      isSame: (offered, name) => offered === name,
      show: (name) => name
    }
  ],
  [
    'process',
    {
      code: 'PROGRAM_MISSING',
      noun: 'program',
      of: ({ programs }) => programs,
      isSame: (offered, name) => offered === ANY_PROGRAM || isSameProgram(offered, name),
      show: (name) => name
    }
  ],
  [
    'container',
    {
      code: 'IMAGE_MISSING',
      noun: 'image',
      of: ({ images }) => images,
      isSame: isSameImage,
      show: shortImage
    }
  ]
])

/** A worker without the engine has nothing by that name either, and is then counted under the engine. */
function nameRule(engine: string, name: string | undefined): Rule | undefined {
  const named = NAMED.get(engine)
  if (named === undefined || name === undefined) return undefined
  const { code, isSame, noun, of, show } = named
  const what = `${noun} ${show(name)}`
  return {
    code,
    refuses: (candidate) => !of(candidate).some((offered) => isSame(offered, name)),
    wording: () => ({ one: `lacks ${what}`, many: `lack ${what}` }),
    instead: (candidate) => {
      const offered = of(candidate).map(show).toSorted()
      return offered.length === 0 ? 'has none' : `has ${someOf(offered)}`
    }
  }
}

/** Nobody reads 64 digits. */
function shortImage(image: string): string {
  return image.replace(/(sha256:.{12}).*$/, '$1…')
}

/** A worker's owner says for each engine whether its tasks may reach beyond the machine. */
function networkRule(engine: string): Rule {
  return {
    code: 'NETWORK_REFUSED',
    refuses: ({ networkEngines }) => !networkEngines.includes(engine),
    wording: () => ({
      one: `keeps engine ${engine} from the network`,
      many: `keep engine ${engine} from the network`
    })
  }
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN
  const shown = names.slice(0, NAMES_SHOWN).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}
