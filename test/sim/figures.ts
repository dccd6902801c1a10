/** Draws the figures of docs/routing.md and docs/reputation.md into docs/figures: `npm run generate`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  costsOfFive,
  herdOfTwelve,
  intervalsBySilence,
  intervalsByTasks,
  sharesOfHundred
} from './figure-data.ts'
import {
  COLOURS,
  GREY,
  axes,
  band,
  line,
  picture,
  rectangle,
  text,
  xOf,
  yOf
} from './figure-svg.ts'
import type { Frame } from './figure-svg.ts'
import type { IntervalPoint } from './figure-data.ts'

const WIDTH = 760
const [BLUE, ORANGE] = COLOURS
const PERCENT = 100

/** Path from the root → its text. */
export function drawFigures(): Map<string, string> {
  return new Map([
    ['docs/figures/interval.svg', drawIntervals()],
    ['docs/figures/cost.svg', drawCosts()],
    ['docs/figures/shares.svg', drawShares()],
    ['docs/figures/herding.svg', drawHerding()]
  ])
}

function drawIntervals(): string {
  const frame = { left: 48, top: 34, width: 300, height: 190, yMax: 1 }
  const tasks: Frame = { ...frame, xMax: 100 }
  const hours: Frame = { ...frame, left: 420, xMax: 48 }
  const y = [0, 0.2, 0.4, 0.6, 0.8, 1]
  return picture(WIDTH, 276, 'The interval of what is expected of a worker', [
    axes(tasks, {
      title: 'share of tasks that it sees through',
      x: [0, 25, 50, 75, 100],
      xName: 'tasks seen of it',
      y
    }),
    drawInterval(tasks, intervalsByTasks(0), BLUE),
    drawInterval(tasks, intervalsByTasks(1 / 10), ORANGE),
    text(xOf(tasks, 40), yOf(tasks, 0.88), 'loses none', `fill="${BLUE}"`),
    text(xOf(tasks, 40), yOf(tasks, 0.62), 'loses every tenth', `fill="${ORANGE}"`),
    axes(hours, {
      title: 'the second, then silence',
      x: [0, 12, 24, 36, 48],
      xName: 'hours since the last task',
      y
    }),
    drawInterval(hours, intervalsBySilence(), ORANGE)
  ])
}

function drawInterval(frame: Frame, points: readonly IntervalPoint[], colour: string): string {
  return [
    band(frame, points, colour),
    line(
      frame,
      points.map(({ at, expected }) => [at, expected] as const),
      colour
    )
  ].join('\n')
}

function drawCosts(): string {
  const bars = costsOfFive()
  const names = Object.keys(bars[0]?.parts ?? {})
  const msMax = Math.max(...bars.map(({ parts }) => sumOf(parts)))
  const [left, width, row] = [220, 400, 34]
  const rows = bars.map(({ chance, name, parts }, index) => {
    const y = 40 + index * row
    let x = left
    const drawn = Object.values(parts).map((ms, part) => {
      const wide = (ms / msMax) * width
      x += wide
      return rectangle({ x: x - wide, y, width: wide, height: 20 }, COLOURS[part] ?? GREY)
    })
    const words = `${Math.round(sumOf(parts))} ms, ${Math.round(chance * PERCENT)} %`
    return [
      text(left - 10, y + 14, name, 'text-anchor="end"'),
      ...drawn,
      text(x + 8, y + 14, words)
    ].join('\n')
  })
  let at = left
  const legend = names.map((name, index) => {
    const x = at
    at += 30 + name.length * 8
    return `${rectangle({ x, y: 10, width: 12, height: 12 }, COLOURS[index] ?? GREY)}\n${text(x + 17, 20, name)}`
  })
  return picture(WIDTH, 40 + bars.length * row, 'What a task would cost on five workers', [
    ...legend,
    ...rows
  ])
}

function sumOf(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((sum, ms) => sum + ms, 0)
}

function drawShares(): string {
  const { byTurnsMs, doneMs, workers } = sharesOfHundred()
  const frame: Frame = {
    left: 48,
    top: 34,
    width: 480,
    height: 180,
    xMax: workers.length,
    yMax: 60
  }
  const bottom = frame.top + frame.height
  const bars = workers.map(({ capacity, name, tasks }, index) => {
    const x = xOf(frame, index + 0.25)
    const y = yOf(frame, tasks)
    const wanted = yOf(frame, capacity)
    return [
      rectangle({ x, y, width: 60, height: bottom - y }, BLUE, 'fill-opacity="0.7"'),
      `<path d="M${x - 8} ${wanted}H${x + 68}" stroke="${ORANGE}" stroke-width="2" stroke-dasharray="5 3"/>`,
      text(x + 30, y - 7, String(tasks), `text-anchor="middle" fill="${BLUE}"`),
      text(x + 30, bottom + 17, name, 'text-anchor="middle"')
    ].join('\n')
  })
  return picture(WIDTH, 250, 'Where a hundred tasks go', [
    axes(frame, { title: 'tasks of a hundred', x: [], xName: '', y: [0, 20, 40, 60] }),
    ...bars,
    text(560, 70, 'all done after', 'font-weight="600"'),
    text(560, 92, `${seconds(doneMs)} by expected completion`, `fill="${BLUE}"`),
    text(560, 112, `${seconds(byTurnsMs)} each in its turn`),
    text(560, 150, '- - what its speed would make', `fill="${ORANGE}"`)
  ])
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function drawHerding(): string {
  const { best, drawn, routers } = herdOfTwelve()
  const plots = [
    { counts: best, colour: ORANGE, title: 'all take the best', left: 48 },
    { counts: drawn, colour: BLUE, title: 'drawn among the best three', left: 420 }
  ]
  return picture(
    WIDTH,
    226,
    'Twelve routers choose in the same moment',
    plots.map(({ colour, counts, left, title }) => {
      const frame: Frame = { left, top: 34, width: 300, height: 140, xMax: routers, yMax: routers }
      const bottom = frame.top + frame.height
      const bars = counts.map((count, index) => {
        const [x, y] = [xOf(frame, index) + 3, yOf(frame, count)]
        return rectangle({ x, y, width: 19, height: bottom - y }, colour, 'fill-opacity="0.7"')
      })
      const xName = `by worker: ${counts.length} of twelve got any`
      return [axes(frame, { title, x: [], xName, y: [0, 4, 8, 12] }), ...bars].join('\n')
    })
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, svg] of drawFigures()) {
    writeFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), svg)
  }
}
