/** Measures all cells once per round: A B C, A B C, … Never one design for long and then the next. */
import { messageOf } from '../../../src/core/errors.ts'
import { median } from './statistics.ts'
import type { Bench, Cell, Comparison, Prepared, Sample, Skipped } from './bench.ts'

export interface CellResult {
  variant: string
  design: string
  /** By round. */
  samples: Sample[]
}

export interface RatioResult extends Comparison {
  median: number
  least: number
  most: number
}

export interface BenchResult {
  rounds: number
  cells: CellResult[]
  ratios: RatioResult[]
  skipped: Skipped[]
  remarks: readonly string[]
}

export async function runRounds(
  bench: Bench,
  prepared: Prepared,
  rounds: number,
  onRound: (round: number) => void
): Promise<BenchResult> {
  const results = new Map<Cell, CellResult>(
    prepared.cells.map((cell) => [
      cell,
      { variant: cell.variant, design: cell.design, samples: [] }
    ])
  )
  const skipped = [...prepared.skipped]
  for (let round = -bench.warmUpRounds; round < rounds; round += 1) {
    onRound(round)
    for (const [cell, result] of results) {
      try {
        const sample = await cell.measure()
        if (round >= 0) result.samples.push(sample)
      } catch (cause) {
        results.delete(cell)
        skipped.push({ what: `${cell.design}, ${cell.variant}`, why: messageOf(cause) })
      }
    }
  }
  const cells = [...results.values()]
  return {
    rounds,
    cells,
    ratios: bench.comparisons.flatMap((each) => compare(cells, each)),
    skipped,
    remarks: prepared.remarks ?? []
  }
}

/** Ratio of two cells in the same round, so that what both suffered falls out of it. */
export function ratiosByRound(of: CellResult, to: CellResult, metric: string): number[] {
  return of.samples.map(
    (sample, round) => (sample[metric] ?? Number.NaN) / (to.samples[round]?.[metric] ?? Number.NaN)
  )
}

export function findCell(
  cells: readonly CellResult[],
  variant: string,
  design: string
): CellResult | undefined {
  return cells.find((cell) => cell.variant === variant && cell.design === design)
}

function compare(cells: readonly CellResult[], comparison: Comparison): RatioResult[] {
  const of = findCell(cells, comparison.variant, comparison.of)
  const to = findCell(cells, comparison.variant, comparison.to)
  if (of === undefined || to === undefined) return []
  const ratios = ratiosByRound(of, to, comparison.metric)
  return [
    { ...comparison, median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
  ]
}
