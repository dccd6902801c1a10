/** What is simulated: the fleet, the jobs and how fast they come, what goes wrong, and who decides. Data alone. */
import { MIXES, meanWorkMs } from './job-mix.ts'
import { availableShare } from './churn.ts'
import { capacityOf, generateFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import type { JobClass, MixName } from './job-mix.ts'

export const POLICIES = [
  'mesh',
  'omniscient',
  'c3',
  'least-loaded',
  'round-robin',
  'random',
  'best-score'
] as const
export type PolicyName = (typeof POLICIES)[number]

export interface RoutingScenario {
  fleet: Fleet
  classes: readonly JobClass[]
  jobCount: number
  /** Of what the fleet can do, 0 to 1; `batch`: all come at once. */
  load: number | 'batch'
  /** Machines crash and come back, slow down for a while, and single tasks straggle. */
  hasChurn: boolean
  /** Routers have never heard of any worker; otherwise each has a day of good record. */
  isCold: boolean
  seed: number
}

/** A scenario with a fleet made up from the seed. */
export interface Cell {
  workers: number
  routers: number
  mix: MixName
  load: number | 'batch'
  hasChurn: boolean
  isCold?: boolean
  jobs: number
  seed: number
}

/** So that the seeds of neighbouring cells give fleets that have nothing in common. */
const FLEET_SEEDS = { factor: 7_919, offset: 17 }

export function scenarioOf(cell: Cell): RoutingScenario {
  const { hasChurn, isCold = false, jobs, load, mix, routers, seed, workers } = cell
  const fleetSeed = seed * FLEET_SEEDS.factor + FLEET_SEEDS.offset
  const fleet = generateFleet(workers, routers, fleetSeed)
  return { fleet, classes: MIXES[mix], jobCount: jobs, load, hasChurn, isCold, seed }
}

/** Jobs per millisecond, over all routers; Infinity where all come at once. */
export function arrivalRate({ classes, fleet, hasChurn, load }: RoutingScenario): number {
  if (load === 'batch') return Infinity
  const share = hasChurn ? availableShare() : 1
  return (load * share * capacityOf(fleet)) / meanWorkMs(classes)
}
