/**
 * Growth with the number of workers, as a picture in plain SVG: a few small plots with the same logarithmic x axis. Its
 * colours are of middle brightness, so that it can be read on white and on black.
 */
import type { ScaleResult } from './measure.ts'

interface Line {
  name: string
  /** One for each size of the mesh. */
  values: readonly number[]
}

interface Panel {
  title: string
  lines: readonly Line[]
}

const WIDTH = 380
const HEIGHT = 230
const COLUMNS = 2
/** Around the axes: for ticks at the left and below, the title above, names at the right. */
const LEFT = 48
const RIGHT = 92
const TOP = 34
const BOTTOM = 32
const TICKS = 4
const GREY = '#7d8590'
const COLOURS = ['#3b82f6', '#d97706', '#16a34a', '#c026d3'] as const
/** Lines are told apart without colours as well. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3'] as const
/** Names at the ends of lines keep so far apart. */
const NAME_HEIGHT = 13

const MIB = 1_024 ** 2
const SECOND_MS = 1_000

export function drawGrowth(results: readonly ScaleResult[]): string {
  const sizes = results.map(({ workers }) => workers)
  const panels = panelsOf(results)
  const rows = Math.ceil(panels.length / COLUMNS)
  const drawn = panels.map((panel, index) => {
    const x = (index % COLUMNS) * WIDTH
    const y = Math.floor(index / COLUMNS) * HEIGHT
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel, sizes)}\n</g>`
  })
  const box = `viewBox="0 0 ${COLUMNS * WIDTH} ${rows * HEIGHT}"`
  const font = 'font-family="system-ui, sans-serif" font-size="11"'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${box} width="${COLUMNS * WIDTH}" ${font} fill="${GREY}">`,
    ...drawn,
    '</svg>',
    ''
  ].join('\n')
}

function panelsOf(results: readonly ScaleResult[]): Panel[] {
  const line = (name: string, value: (result: ScaleResult) => number): Line => ({
    name,
    values: results.map(value)
  })
  return [
    {
      title: 'a new router, seconds until',
      lines: [
        line('it knows all', ({ newcomer }) => newcomer.allMs / SECOND_MS),
        line('a filter finds', ({ newcomer }) => newcomer.filterMs / SECOND_MS)
      ]
    },
    {
      title: 'memory of a node, MiB',
      lines: [
        line('router', ({ router }) => router.heapBytes / MIB),
        line('bootstrap', ({ bootstrap }) => bootstrap.heapBytes / MIB),
        line('light worker', ({ light }) => light.heapBytes / MIB)
      ]
    },
    {
      title: 'messages of a hub in a minute, thousands',
      lines: [
        line('router', ({ router: { messages } }) => (messages.in + messages.out) / 1_000),
        line('bootstrap', ({ bootstrap: { messages } }) => (messages.in + messages.out) / 1_000)
      ]
    },
    {
      title: 'messages of a worker in a minute',
      lines: [line('light worker', ({ light: { messages } }) => messages.in + messages.out)]
    }
  ]
}

function drawPanel({ lines, title }: Panel, sizes: readonly number[]): string {
  const top = niceAbove(Math.max(...lines.flatMap(({ values }) => values)))
  const scale = { x: scaleX(sizes), y: scaleY(top) }
  const names = spread(lines.map(({ values }) => scale.y(values.at(-1) ?? 0)))
  return [
    text(LEFT, TOP - 16, title, 'font-weight="600"'),
    ...drawTicks(top, scale.y),
    ...sizes.map((size) =>
      text(scale.x(size), HEIGHT - BOTTOM + 16, String(size), 'text-anchor="middle"')
    ),
    ...lines.map((line, index) => drawLine(line, { index, nameY: names[index] ?? 0, scale, sizes }))
  ].join('\n')
}

interface Scale {
  x: (size: number) => number
  y: (value: number) => number
}

function drawTicks(top: number, y: Scale['y']): string[] {
  return Array.from({ length: TICKS + 1 }, (_, index) => {
    const value = (top * index) / TICKS
    const at = y(value)
    const line = `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="${GREY}" stroke-opacity="0.3"/>`
    return `${line}\n${text(LEFT - 6, at + 4, shortNumber(value), 'text-anchor="end"')}`
  })
}

function drawLine(
  { name, values }: Line,
  {
    index,
    nameY,
    scale,
    sizes
  }: {
    index: number
    nameY: number
    scale: Scale
    sizes: readonly number[]
  }
): string {
  const colour = COLOURS[index % COLOURS.length] ?? GREY
  const points = values.map((value, at) => [scale.x(sizes[at] ?? 1), scale.y(value)] as const)
  const path = points.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')
  const dash = DASHES[index % DASHES.length] ?? ''
  const stroke = `stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`
  return [
    `<path d="M${path}" fill="none" ${stroke}/>`,
    ...points.map(([x, y]) => `<circle cx="${round(x)}" cy="${round(y)}" r="3" fill="${colour}"/>`),
    text(WIDTH - RIGHT + 8, nameY + 4, name, `fill="${colour}"`)
  ].join('\n')
}

/** All doublings have the same width. */
function scaleX(sizes: readonly number[]): Scale['x'] {
  const least = Math.log2(Math.min(...sizes))
  const span = Math.log2(Math.max(...sizes)) - least || 1
  const width = WIDTH - LEFT - RIGHT
  return (size) => round(LEFT + 10 + ((Math.log2(size) - least) / span) * (width - 20))
}

function scaleY(top: number): Scale['y'] {
  const height = HEIGHT - TOP - BOTTOM
  return (value) => round(HEIGHT - BOTTOM - (value / top) * height)
}

/** The next number that divides well by four. */
function niceAbove(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10
  return factor * power
}

/** From the top down, each name so far below the one above it that both can be read. */
function spread(heights: readonly number[]): number[] {
  const placed = [...heights]
  const order = heights.map((_, index) => index)
  let least = -Infinity
  for (const index of order.toSorted((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0))) {
    placed[index] = Math.max(heights[index] ?? 0, least)
    least = (placed[index] ?? 0) + NAME_HEIGHT
  }
  return placed
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(2)))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function text(x: number, y: number, words: string, more: string): string {
  return `<text x="${x}" y="${y}" ${more}>${words}</text>`
}
