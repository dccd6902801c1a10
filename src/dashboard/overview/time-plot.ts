/** One plot over time on a canvas, by uPlot: its lines in the design's colours, its axes in the page's formats, one cursor for all plots. */
import uPlot from 'uplot'
import type { Plot, PlotData } from './plots.ts'

export interface PlotColours {
  text: string
  grid: string
  surface: string
  lines: readonly string[]
  font: string
}

export interface TimePlotInit {
  plot: Plot
  colours: PlotColours
  /** As much time as the axis shows, whether there are samples of all of it or not. */
  spanSeconds: number
  /** A figure as it is written on the axis. */
  write: (value: number) => string
  /** Which sample the pointer is at, in this plot or any other. */
  onCursor: (index: number | undefined) => void
}

const CURSOR_GROUP = 'overview'
const AXIS_TEXT = 11
const Y_AXIS_WIDTH = 58
/** Of the coloured surface under the first line: enough to see it, not enough to count. */
const FILL_ALPHA = 0.12
/** Pixels between two marks of the axis of time, and of the other one. */
const X_SPACE = 72
const Y_SPACE = 34

export function createTimePlot(
  parent: HTMLElement,
  data: PlotData,
  { colours, onCursor, plot, spanSeconds, write }: TimePlotInit
): uPlot {
  const axis = {
    stroke: colours.text,
    font: `${AXIS_TEXT}px ${colours.font}`,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false }
  }
  return new uPlot(
    {
      width: Math.max(1, parent.clientWidth),
      height: Math.max(1, parent.clientHeight),
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: CURSOR_GROUP },
        drag: { x: false, y: false },
        points: { size: 7, fill: colours.surface }
      },
      scales: {
        x: { time: true, range: (_plot, _first, last) => [last - spanSeconds, last] },
        y: { range: (_plot, _least, most) => [0, roofOf(most, plot)] }
      },
      axes: [
        {
          ...axis,
          space: X_SPACE,
          size: 24,
          grid: { show: false },
          values: (_plot, seconds) => seconds.map(timeOf)
        },
        {
          ...axis,
          space: Y_SPACE,
          size: Y_AXIS_WIDTH,
          gap: 6,
          values: (_plot, values) => values.map((value) => write(value)),
          ...(plot.unit === 'count' && { incrs: WHOLE_STEPS }),
          ...(plot.unit === 'bytes per second' && { incrs: BYTE_STEPS })
        }
      ],
      series: [
        {},
        ...plot.lines.map((line, index) => ({
          label: line.title,
          stroke: colours.lines[index] as string,
          width: index === 0 ? 1.75 : 1.5,
          points: { size: 5, fill: colours.lines[index] as string, filter: lonePoints },
          ...(line.isDashed === true && { dash: [5, 4] }),
          ...(index === 0 && { fill: withAlpha(colours.lines[0] as string, FILL_ALPHA) })
        }))
      ],
      hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? undefined)] }
    },
    data,
    parent
  )
}

/** Where a line has no neighbour on either side there is nothing to be joined, and only a point can be seen. */
function lonePoints({ data }: uPlot, series: number): number[] {
  const values = data[series] ?? []
  const isThere = (index: number): boolean => typeof values[index] === 'number'
  return Array.from(values, (_, index) => index).filter(
    (index) => isThere(index) && !isThere(index - 1) && !isThere(index + 1)
  )
}

/** As a clock shows it: whoever wants the day knows it, or points at the line. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1_000)
  const parts = [date.getHours(), date.getMinutes()]
  if (date.getSeconds() !== 0) parts.push(date.getSeconds())
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

/** Nobody reads 2.5 workers. */
const WHOLE_STEPS = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].map((power) => step * power))
  .toSorted((one, other) => one - other)
/** Whole KiB and MiB: powers of two. */
const BYTE_STEPS = Array.from({ length: 44 }, (_, power) => 2 ** power)

/** The upper end of the axis: some air above what is highest; an axis of nothing has a scale all the same. */
function roofOf(most: number | null, { unit }: Plot): number {
  const least = unit === 'count' ? 4 : unit === 'bytes per second' ? 1_024 : 1
  return Math.max(least, (most ?? 0) * 1.1)
}

/** @param colour as computed styles have it: `rgb(1, 2, 3)` */
function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`)
}
