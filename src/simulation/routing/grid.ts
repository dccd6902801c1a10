/** The cells in which policies are compared, and what is to be reached in them. */
import type { Cell } from './scenario.ts'
import type { MixName } from './job-mix.ts'

const MIX_NAMES: readonly MixName[] = ['short', 'heavy', 'mixed']
const LOADS = [0.5, 0.75, 0.9, 0.95]
const CHURN = [false, true]

/** Workers and routers. */
type Size = readonly [number, number]
const SIZES: readonly Size[] = [
  [100, 5],
  [20, 5],
  [100, 20]
]
const ONE_ROUTER: readonly Size[] = [
  [100, 1],
  [20, 1]
]
const BATCH_SIZES: readonly Size[] = [
  [20, 5],
  [100, 20]
]

const JOBS: Readonly<Record<number, Readonly<Record<MixName, number>>>> = {
  20: { short: 60_000, heavy: 40_000, mixed: 40_000 },
  100: { short: 150_000, heavy: 100_000, mixed: 100_000 },
  1_000: { short: 500_000, heavy: 200_000, mixed: 200_000 }
}
const BATCH_JOBS: typeof JOBS = {
  20: { short: 8_000, heavy: 4_000, mixed: 3_000 },
  100: { short: 40_000, heavy: 20_000, mixed: 15_000 }
}

/** On this seed nothing was tuned; the fleets of the others were never looked at. */
export const GRID_SEED = 11
export const HELD_OUT_SEEDS = [21, 22]

/** 84 cells of steady load. */
export function steadyCells(seed: number, jobShare: number): Cell[] {
  return [
    ...cross(SIZES, LOADS, { seed, jobShare }),
    ...cross(ONE_ROUTER, [0.9], { seed, jobShare })
  ]
}

/** 12 cells in which everything comes at once, as it is. */
export function batchCells(seed: number): Cell[] {
  return cross(BATCH_SIZES, ['batch'], { seed, jobShare: 1 })
}

/** 24 cells for each seed. */
export function heldOutCells(jobShare: number): Cell[] {
  const sizes: readonly Size[] = BATCH_SIZES
  return HELD_OUT_SEEDS.flatMap((seed) => cross(sizes, [0.75, 0.95], { seed, jobShare }))
}

/** 6 cells with a thousand workers, all with churn. */
export function largeCells(seed: number, jobShare: number): Cell[] {
  return cross([[1_000, 20]], [0.75, 0.95], { seed, jobShare }).filter(({ hasChurn }) => hasChurn)
}

/** A few of each kind, for a first look. */
export function quickCells(seed: number, jobShare: number): Cell[] {
  const steady = cross([[20, 5]], [0.75, 0.95], { seed, jobShare })
  const wide = cross([[100, 20]], [0.9], { seed, jobShare }).filter(({ hasChurn }) => hasChurn)
  return [...steady, ...wide, ...batchCells(seed).filter(({ workers }) => workers === 20)]
}

function cross(
  sizes: readonly Size[],
  loads: readonly Cell['load'][],
  { jobShare, seed }: { jobShare: number; seed: number }
): Cell[] {
  return sizes.flatMap(([workers, routers]) =>
    MIX_NAMES.flatMap((mix) =>
      loads.flatMap((load) =>
        CHURN.map((hasChurn) => {
          const jobs = (load === 'batch' ? BATCH_JOBS : JOBS)[workers]?.[mix] ?? 0
          return { workers, routers, mix, load, hasChurn, jobs: Math.round(jobShare * jobs), seed }
        })
      )
    )
  )
}
