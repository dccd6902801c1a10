/** The figures of the routing simulation, as tables. */
import { renderGrid } from '../../src/cli/render.ts'
import { REACH, STRETCH, geometricMean } from '../../src/simulation/routing/summary.ts'
import type { Cell } from '../../src/simulation/routing/scenario.ts'
import type { PolicySummary, Ratios, Targets } from '../../src/simulation/routing/summary.ts'

const HEAD = ['', 'p50', 'p99', 'worst p50', 'worst p99', 'unstable', 'makespan', 'worst']
const ALIGNS = ['left', ...HEAD.slice(1).map(() => 'right' as const)] as ('left' | 'right')[]

export function renderPolicies(name: string, summaries: readonly PolicySummary[]): string {
  const rows = summaries.map((summary) => [
    summary.policy,
    times(summary.p50),
    times(summary.p99),
    times(summary.worstP50),
    times(summary.worstP99),
    String(summary.unstableCount),
    times(summary.makespan),
    times(summary.worstMakespan)
  ])
  const mesh = summaries.find(({ policy }) => policy === 'mesh')
  const targets =
    mesh === undefined ? [] : [against('to reach', mesh, REACH), against('better', mesh, STRETCH)]
  return `${name}; means and worst cells, as multiples of the omniscient scheduler\n${renderGrid([...rows, ...targets], { head: HEAD, aligns: ALIGNS })}`
}

/** The mesh's own figures by what the cells have in common. */
export function renderParts(ratios: readonly Ratios[]): string {
  const steady = ratios.filter(({ cell }) => cell.load !== 'batch')
  const parts: [string, (ratio: Ratios) => string][] = [
    ['mix', ({ cell }) => cell.mix],
    ['load', ({ cell }) => String(cell.load)],
    ['churn', ({ cell }) => (cell.hasChurn ? 'yes' : 'no')],
    ['omniscient', ({ isFlattered }) => (isFlattered ? 'cannot keep up' : 'keeps up')],
    ['size', ({ cell }) => `${cell.workers} workers, ${cell.routers} routers`]
  ]
  const rows = parts.flatMap(([name, keyOf]) =>
    [...Map.groupBy(steady, keyOf)].map(([key, some]) => [
      name,
      key,
      times(geometricMean(some.map(({ p50 }) => p50))),
      times(geometricMean(some.map(({ p99 }) => p99))),
      times(Math.max(...some.map(({ p50 }) => p50))),
      times(Math.max(...some.map(({ p99 }) => p99)))
    ])
  )
  const head = ['mesh by', '', 'p50', 'p99', 'worst p50', 'worst p99']
  return renderGrid(rows, { head, aligns: ['left', 'left', 'right', 'right', 'right', 'right'] })
}

/** The mesh's own figures, cell by cell. */
export function renderCells(ratios: readonly Ratios[]): string {
  const rows = ratios.map(({ cell, makespan, p50, p99 }) => [
    nameCell(cell),
    times(p50),
    times(p99),
    times(makespan)
  ])
  const head = ['mesh in', 'p50', 'p99', 'makespan']
  return renderGrid(rows, { head, aligns: ['left', 'right', 'right', 'right'] })
}

/** `20/5 heavy 0.9 churn`: workers and routers, mix, load, and whether machines fail. */
export function nameCell({ hasChurn, load, mix, routers, workers }: Cell): string {
  return `${workers}/${routers} ${mix} ${load} ${hasChurn ? 'churn' : 'calm'}`
}

function against(name: string, mesh: PolicySummary, targets: Targets): string[] {
  const cell = (key: keyof Targets): string => {
    const has = mesh[key]
    const mark = has === undefined ? '' : has <= targets[key] ? ' ok' : ' NO'
    return `≤ ${targets[key].toFixed(2)}${mark}`
  }
  return [
    name,
    cell('p50'),
    cell('p99'),
    cell('worstP50'),
    cell('worstP99'),
    '',
    cell('makespan'),
    ''
  ]
}

function times(value: number | undefined): string {
  if (value === undefined) return ''
  return value < 10 ? value.toFixed(2) : value.toFixed(0)
}
