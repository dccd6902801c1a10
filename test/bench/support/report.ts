/** Prints what was measured: one table per variant, then the ratios that performance.md has hopes for. */
import { findCell, ratiosByRound } from './rounds.ts'
import { median } from './statistics.ts'
import type { Bench } from './bench.ts'
import type { BenchResult, CellResult } from './rounds.ts'

export function renderBench(bench: Bench, result: BenchResult): string {
  const variants = [...new Set(result.cells.map((cell) => cell.variant))]
  const tables = variants.map((variant) => renderVariant(bench, result.cells, variant))
  return [
    `## ${bench.name}: ${bench.title}`,
    ...bench.notes.map((note) => `  ${note}`),
    `  medians of ${result.rounds} rounds, designs in turn within each round`,
    '',
    ...tables,
    ...renderRatios(result),
    ...result.remarks.map((remark) => `  ${remark}`),
    ...result.skipped.map(({ what, why }) => `  left out: ${what}: ${why}`),
    ''
  ].join('\n')
}

function renderVariant(bench: Bench, cells: readonly CellResult[], variant: string): string {
  const reference = findCell(cells, variant, bench.reference)
  const title = reference === undefined ? [] : [`of ${bench.reference}`]
  const header = [variant, ...bench.columns.map((column) => column.title), ...title]
  const rows = cells
    .filter((cell) => cell.variant === variant)
    .map((cell) => [
      cell.design,
      ...bench.columns.map(({ digits, metric }) =>
        format(median(cell.samples.map((sample) => sample[metric] ?? Number.NaN)), digits)
      ),
      ...(reference === undefined
        ? []
        : [`${formatRatio(median(ratiosByRound(cell, reference, bench.primary)))}x`])
    ])
  return `${renderTable([header, ...rows])}\n`
}

function renderRatios(result: BenchResult): string[] {
  if (result.ratios.length === 0) return []
  const rows = result.ratios.map((ratio) => [
    ratio.label,
    `${formatRatio(ratio.median)}x`,
    `${formatRatio(ratio.least)} to ${formatRatio(ratio.most)}`,
    ratio.goal ?? ''
  ])
  return [renderTable([['ratio', 'median', 'by round', 'hoped for'], ...rows]), '']
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  )
  const lines = rows.map((row) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
      )
      .join('  ')
  )
  const [head = '', ...rest] = lines
  return [head, '-'.repeat(head.length), ...rest].map((line) => `  ${line}`).join('\n')
}

function format(value: number, digits: number): string {
  if (Number.isNaN(value)) return '-'
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits
  })
}

function formatRatio(ratio: number): string {
  if (Number.isNaN(ratio)) return '-'
  return ratio >= 10 ? ratio.toFixed(1) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)
}
