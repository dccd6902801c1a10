/** What a simulation is summed up in. */

export interface RoutingFigures {
  /** From arrival to result, in milliseconds; of what came once things had settled. */
  p50Ms: number
  p99Ms: number
  meanMs: number
  /** Until the last one was done. */
  makespanMs: number
  /** Those at the end took much longer than those in the middle: more comes than goes. */
  isUnstable: boolean
  doneCount: number
}

/** Before so many of the jobs, the mesh is still filling up. */
const WARM_UP_SHARE = 0.15
const MIDDLE = [0.4, 0.55] as const
const END = [0.85, 1] as const
const UNSTABLE_FACTOR = 1.5
const UNSTABLE_MS = 50

export function figuresOf(
  tookMs: Float64Array,
  { doneCount, isBatch, lastDoneMs }: { isBatch: boolean; doneCount: number; lastDoneMs: number }
): RoutingFigures {
  const counted = tookMs.slice(isBatch ? 0 : Math.floor(WARM_UP_SHARE * tookMs.length)).toSorted()
  const middleMs = quantile(part(tookMs, MIDDLE), 0.75)
  const isPiling = quantile(part(tookMs, END), 0.75) > UNSTABLE_FACTOR * middleMs + UNSTABLE_MS
  return {
    p50Ms: quantile(counted, 0.5),
    p99Ms: quantile(counted, 0.99),
    meanMs: counted.reduce((sum, ms) => sum + ms, 0) / counted.length,
    makespanMs: lastDoneMs,
    isUnstable: doneCount < tookMs.length || (!isBatch && isPiling),
    doneCount
  }
}

/** @param sorted in rising order */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
}

function part(tookMs: Float64Array, [from, to]: readonly [number, number]): Float64Array {
  return tookMs.slice(Math.floor(from * tookMs.length), Math.floor(to * tookMs.length)).toSorted()
}
