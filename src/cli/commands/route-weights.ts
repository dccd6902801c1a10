/** `taskmesh route weights`: what counts for a choice, on this router and in each preset. */
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { renderGrid } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { Style } from '../render.ts'
import type { WeightSet, WeightsView } from '../../model/generated/api-weights.ts'

const PARTS = ['cpu', 'memory', 'disk', 'gpu', 'latency', 'reputation', 'data'] as const

export const routeWeightsCommand: CliCommand = {
  words: 'route weights',
  summary: 'show what counts for a choice: own weights, presets, factors',
  flags: API_FLAGS,
  examples: [['taskmesh route weights', 'how often a millisecond of each part counts']],
  notes:
    'A worker is chosen by the milliseconds until a task is expected to be done there. A factor says how often a millisecond of a part counts: cpu is waiting and running, latency the path, reputation what failures cost; 0 leaves a part out. data counts for tasks with input files alone.',
  run: async ({ args, output, terminal }) => {
    const view = await connectToRouter(args).weights({ signal: terminal.signal })
    output.value(view, (style) => render(view, style))
    return EXIT.completed
  }
}

function render({ own, presets, warnings }: WeightsView, style: Style): string {
  const head = ['', ...PARTS].map((title) => style.dim(title.toUpperCase()))
  const rows = [
    cells(`▶ ${own.name}`, own, style),
    ...presets.map((preset) => cells(`  ${preset.name}`, preset, style))
  ]
  const aligns = head.map((_, index) => (index === 0 ? ('left' as const) : ('right' as const)))
  const grid = renderGrid(rows, { head, aligns })
  return [grid, '', ...warnings.map((warning) => style.yellow(warning)), MEANING].join('\n')
}

const MEANING = [
  '▶ is what this router goes by where a job says nothing.',
  '×: how often a millisecond of that part counts; in brackets its weight, for route.weights of a job'
].join('\n')

function cells(name: string, { factors, weights }: WeightSet, style: Style): string[] {
  const figures = PARTS.map((part) => {
    const weight = weights[part]
    const factor = `×${Number((factors[part] ?? 0).toFixed(2))}`
    return weight === undefined ? '–' : `${factor} ${style.dim(`(${Number(weight.toFixed(2))})`)}`
  })
  return [name, ...figures]
}
