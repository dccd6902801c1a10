/** Many cells in a few figures: how far a policy is from the omniscient scheduler, and whether that will do. */
import type { Cell, PolicyName } from './scenario.ts'
import type { RoutingResult } from './simulate.ts'

export interface CellResult {
  cell: Cell
  policy: PolicyName
  result: RoutingResult
}

/** One cell, as multiples of what the omniscient scheduler has there. */
export interface Ratios {
  cell: Cell
  p50: number
  p99: number
  makespan: number
  isUnstable: boolean
  /** What it is measured by cannot keep up itself, which flatters everybody. */
  isFlattered: boolean
}

/** Means are geometric: twice as good and half as good are as good. */
export interface PolicySummary {
  policy: PolicyName
  cellCount: number
  p50: number
  p99: number
  worstP50: number
  worstP99: number
  unstableCount: number
  /** Of the cells in which all comes at once; undefined without such. */
  makespan: number | undefined
  worstMakespan: number | undefined
}

export interface Targets {
  p50: number
  p99: number
  worstP50: number
  worstP99: number
  makespan: number
}

/** What has to be reached, and what would be better still. */
export const REACH: Targets = { p50: 1.15, p99: 1.3, worstP50: 1.7, worstP99: 2, makespan: 1.35 }
export const STRETCH: Targets = {
  p50: 1.05,
  p99: 1.2,
  worstP50: 1.4,
  worstP99: 1.6,
  makespan: 1.15
}
/** For a thousand workers and twenty routers. */
export const LARGE_STRETCH = { p50: 1.15, p99: 1.35 }

/** @returns the ratios of a policy in all cells that both have run */
export function ratiosOf(results: readonly CellResult[], policy: PolicyName): Ratios[] {
  const best = new Map<string, RoutingResult>()
  for (const { cell, policy: by, result } of results) {
    if (by === 'omniscient') best.set(keyOf(cell), result)
  }
  return results.flatMap(({ cell, policy: by, result }) => {
    const other = by === policy ? best.get(keyOf(cell)) : undefined
    if (other === undefined) return []
    return [
      {
        cell,
        p50: result.p50Ms / other.p50Ms,
        p99: result.p99Ms / other.p99Ms,
        makespan: result.makespanMs / other.makespanMs,
        isUnstable: result.isUnstable,
        isFlattered: other.isUnstable
      }
    ]
  })
}

export function summarisePolicy(policy: PolicyName, ratios: readonly Ratios[]): PolicySummary {
  const steady = ratios.filter(({ cell }) => cell.load !== 'batch')
  const batch = ratios.filter(({ cell }) => cell.load === 'batch').map(({ makespan }) => makespan)
  const [p50, p99] = [steady.map((cell) => cell.p50), steady.map((cell) => cell.p99)]
  return {
    policy,
    cellCount: ratios.length,
    p50: geometricMean(p50),
    p99: geometricMean(p99),
    worstP50: Math.max(...p50),
    worstP99: Math.max(...p99),
    unstableCount: steady.filter(({ isUnstable }) => isUnstable).length,
    makespan: batch.length === 0 ? undefined : geometricMean(batch),
    worstMakespan: batch.length === 0 ? undefined : Math.max(...batch)
  }
}

/** The targets that a summary misses, by name. */
export function missedOf(summary: PolicySummary, targets: Targets): (keyof Targets)[] {
  const names = Object.keys(targets) as (keyof Targets)[]
  return names.filter((name) => (summary[name] ?? 0) > targets[name])
}

export function geometricMean(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + Math.log(value), 0)
  return Math.exp(sum / values.length)
}

function keyOf(cell: Cell): string {
  return JSON.stringify(cell)
}
