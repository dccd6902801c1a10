/** What a local mesh consists of: workers of three sizes, so that a router has something to choose from. */
import { formatBytes } from '../core/units.ts'

export interface PlannedNode {
  /** Also its folder's name. */
  name: string
  role: 'bootstrap' | 'worker' | 'router'
  flags: readonly string[]
  /** Of a worker. */
  size?: string
}

export interface Machine {
  cores: number
  memoryBytes: number
}

const MIB = 1_048_576

/** Shares of the machine that each size offers. They overlap: nobody is busy all the time. */
const SIZES = [
  { size: 'small', slots: 1, share: 1 / 4 },
  { size: 'medium', slots: 2, share: 1 / 2 },
  { size: 'large', slots: 3, share: 1 }
] as const

/** A slot without room for one usual task (128 MiB) would be a lie. */
const MEMORY_PER_SLOT_MIN = 192 * MIB

/** Whoever ends a mesh that they made to try things does not want to wait for it. */
const DRAIN_DEADLINE = '3s'

/** Sizes repeat when there are more than three workers. */
export function planWorkers(count: number, machine: Machine): PlannedNode[] {
  return Array.from({ length: count }, (_, index) => {
    const { share, size, slots } = SIZES[index % SIZES.length] as (typeof SIZES)[number]
    const round = Math.floor(index / SIZES.length)
    const cpu = Math.max(1, Math.round(machine.cores * share))
    const wantedBytes = Math.max((machine.memoryBytes * share) / 2, slots * MEMORY_PER_SLOT_MIN)
    const memoryBytes = Math.floor(Math.min(wantedBytes, machine.memoryBytes) / MIB) * MIB
    return {
      name: `up-worker-${size}${round === 0 ? '' : `-${round + 1}`}`,
      role: 'worker',
      size,
      flags: [
        `--slots=${slots}`,
        `--cpu=${Math.min(cpu, machine.cores)}`,
        `--memory=${memoryBytes}B`,
        `--label=size=${size}`,
        `--drain-deadline=${DRAIN_DEADLINE}`
      ]
    }
  })
}

/** `2 cores, 6GiB` of a planned worker, for people. */
export function describeOffer({ flags }: PlannedNode): string {
  const valueOf = (name: string): string =>
    flags.find((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  const bytes = Number(valueOf('--memory').replace('B', ''))
  const slots = valueOf('--slots')
  return `${slots} ${slots === '1' ? 'slot' : 'slots'}, ${valueOf('--cpu')} cpu, ${formatBytes(bytes)}`
}
