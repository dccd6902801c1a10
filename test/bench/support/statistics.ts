/** Medians and percentiles; means would follow the machine's busiest moment. */

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** @param ratio 0 to 1 */
export function percentile(values: readonly number[], ratio: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  const index = Math.max(0, Math.ceil(sorted.length * ratio) - 1)
  return sorted[index] ?? Number.NaN
}
