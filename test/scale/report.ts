/** What was measured as one table: a column for each size of the mesh, and how the last compares with the first. */
import { formatBytes, formatDuration } from '../../src/core/units.ts'
import type { NodeCost } from './costs.ts'
import type { ScaleResult } from './measure.ts'

interface Row {
  title: string
  figure: (result: ScaleResult) => number
  format: (value: number) => string
}

const KINDS = ['light', 'worker', 'bootstrap', 'router'] as const

const TITLES: Record<(typeof KINDS)[number], string> = {
  light: 'light worker',
  worker: 'whole worker',
  bootstrap: 'bootstrap',
  router: 'router'
}

const HALF = 0.5

const ms = (value: number): string => formatDuration(Math.round(value))
const bytes = (value: number): string => formatBytes(Math.round(value))
const count = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
const percent = (value: number): string => `${value.toFixed(2)} %`

const ROWS: readonly Row[] = [
  { title: 'all started and known', figure: ({ growthMs }) => growthMs, format: ms },
  { title: 'new router: started', figure: ({ newcomer }) => newcomer.startMs, format: ms },
  {
    title: 'new router: filter finds one',
    figure: ({ newcomer }) => newcomer.filterMs,
    format: ms
  },
  { title: 'new router: knows all', figure: ({ newcomer }) => newcomer.allMs, format: ms },
  ...rowsOf('memory', (cost) => cost.heapBytes, bytes),
  ...rowsOf('RSS', (cost) => cost.rssBytes, bytes),
  ...rowsOf('processor', (cost) => cost.cpuPercent, percent),
  ...rowsOf('connections', (cost) => cost.connections, count),
  ...rowsOf('messages/min', ({ messages }) => messages.in + messages.out, count),
  ...rowsOf('bytes/min', (cost) => cost.bytes.in + cost.bytes.out, bytes)
]

export function renderResults(results: readonly ScaleResult[]): string {
  const [first] = results
  const last = results.at(-1)
  const isGrowth = results.length > 1 && first !== undefined && last !== undefined
  const header = ['', ...results.map(({ workers }) => `${workers} workers`)]
  const growth = isGrowth ? [`× for ×${count(last.workers / first.workers)}`] : []
  const rows = ROWS.map(({ figure, format, title }) => [
    title,
    ...results.map((result) => format(figure(result))),
    ...(isGrowth ? [(figure(last) / figure(first)).toFixed(2)] : [])
  ])
  return [
    renderTable([[...header, ...growth], ...rows]),
    ...results.map((result) => renderProtocols(result))
  ].join('\n\n')
}

/** What each kind of node says and hears in a minute: messages sent and received, and their bytes. */
function renderProtocols(result: ScaleResult): string {
  const names = [...new Set(KINDS.flatMap((kind) => Object.keys(result[kind].protocols)))]
  const cells = names.toSorted().map((name) => [
    name,
    ...KINDS.map((kind) => {
      const protocol = result[kind].protocols[name]
      if (protocol === undefined) return ''
      const { bytes: size, messages } = protocol
      if (messages.in + messages.out < HALF) return ''
      return `${count(messages.out)} / ${count(messages.in)}, ${bytes(size.in + size.out)}`
    })
  ])
  const title = `${result.workers} workers, a minute`
  const header = [title, ...KINDS.map((kind) => TITLES[kind])]
  return renderTable([header, ...cells.filter((row) => row.slice(1).some((cell) => cell !== ''))])
}

function rowsOf(
  what: string,
  figure: (cost: NodeCost) => number,
  format: Row['format']
): readonly Row[] {
  return KINDS.map((kind) => ({
    title: `${TITLES[kind]}: ${what}`,
    figure: (result) => figure(result[kind]),
    format
  }))
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  )
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
      )
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}
