/** One plot of the overview: its title, what its lines are now (or were, where the pointer is), the canvas, and a table in its place. */
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { signal } from '@preact/signals'
import { colourOf, themeVersion } from '../data/theme.ts'
import { createTimePlot } from './time-plot.ts'
import { figuresOf, plotData } from './plots.ts'
import { formatBytes, formatCount, formatDuration, formatMoment } from '../data/formats.ts'
import type { JSX } from 'preact'
import type { LineFigures, Plot, PlotData, PlotLine, PlotUnit } from './plots.ts'
import type { Span } from './spans.ts'
import type { SeriesSample } from '../../model/generated/api-series.ts'
import type uPlot from 'uplot'

/** Which sample the pointer is at: of all plots, as they have the same ones. */
const cursor = signal<number | undefined>(undefined)

export interface PlotFigureProps {
  plot: Plot
  samples: readonly SeriesSample[]
  span: Span
  isTable: boolean
}

export function PlotFigure({ isTable, plot, samples, span }: PlotFigureProps): JSX.Element {
  const data = useMemo(() => plotData(plot, samples, span.stepMs), [plot, samples, span])
  const figures = figuresOf(plot, data)
  const { title, unit } = plot
  return (
    <figure class="plot card" aria-label={title}>
      <figcaption>
        <h2>{title}</h2>
        <Legend plot={plot} data={data} />
      </figcaption>
      {isTable ? (
        <FiguresTable figures={figures} unit={unit} title={title} />
      ) : (
        <>
          <p class="heard">{figures.map((line) => sentenceOf(line, unit)).join(' ')}</p>
          <Canvas plot={plot} data={data} span={span} />
        </>
      )}
    </figure>
  )
}

/** The lines with their strokes and their figures. */
function Legend({ data, plot }: { plot: Plot; data: PlotData }): JSX.Element {
  const at = cursor.value
  const index = at !== undefined && at < data[0].length ? at : data[0].length - 1
  const seconds = data[0][index]
  return (
    <p class="plot-legend" title={seconds === undefined ? '' : formatMoment(seconds * 1_000)}>
      {plot.lines.map((line, number) => (
        <span key={line.title}>
          <i data-tone={line.tone} data-dashed={line.isDashed === true ? '' : undefined} />
          {line.title} <b>{writeFigure(data[number + 1]?.[index] ?? null, plot.unit)}</b>
        </span>
      ))}
    </p>
  )
}

function Canvas({ data, plot, span }: { plot: Plot; data: PlotData; span: Span }): JSX.Element {
  const parent = useRef<HTMLDivElement>(null)
  const drawn = useRef<uPlot | undefined>(undefined)
  const version = themeVersion.value
  useEffect(() => {
    const element = parent.current
    if (element === null) return
    const chart = createTimePlot(element, data, {
      plot,
      spanSeconds: span.ms / 1_000,
      colours: {
        text: colourOf('--ink-faint'),
        grid: colourOf('--line'),
        surface: colourOf('--surface'),
        lines: plot.lines.map(({ tone }) => colourOf(TONES[tone])),
        font: getComputedStyle(document.body).fontFamily
      },
      write: (value) => writeFigure(value, plot.unit),
      onCursor: (index) => (cursor.value = index)
    })
    drawn.current = chart
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: element.clientHeight })
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
      chart.destroy()
      cursor.value = undefined
    }
    // New data is handed to the chart that is there.
  }, [plot, span, version])
  useEffect(() => drawn.current?.setData(data), [data])
  return <div class="plot-canvas" ref={parent} aria-hidden="true" />
}

const TONES: Readonly<Record<PlotLine['tone'], `--${string}`>> = {
  first: '--series-1',
  second: '--series-3',
  bad: '--tone-bad',
  quiet: '--series-6'
}

function FiguresTable({
  figures,
  title,
  unit
}: {
  figures: readonly LineFigures[]
  title: string
  unit: PlotUnit
}): JSX.Element {
  return (
    <table class="table">
      <caption class="heard">{title}</caption>
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col" class="end">
            Now
          </th>
          <th scope="col" class="end">
            Least
          </th>
          <th scope="col" class="end">
            Most
          </th>
        </tr>
      </thead>
      <tbody>
        {figures.map((line) => (
          <tr key={line.title}>
            <th scope="row">{line.title}</th>
            <td class="end">{writeFigure(line.newest, unit)}</td>
            <td class="end">{writeFigure(line.least, unit)}</td>
            <td class="end">{writeFigure(line.most, unit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function sentenceOf({ least, most, newest, title }: LineFigures, unit: PlotUnit): string {
  if (most === null) return `${title}: nothing yet.`
  const [now, low, high] = [newest, least, most].map((value) => writeFigure(value, unit))
  return `${title}: now ${now}, least ${low}, most ${high}.`
}

function writeFigure(value: number | null, unit: PlotUnit): string {
  if (value === null) return '–'
  switch (unit) {
    case 'per second':
      return `${formatCount(rounded(value))}/s`
    case 'bytes per second':
      return `${formatBytes(Math.round(value))}/s`
    case 'duration':
      return formatDuration(value < 10 ? Math.round(value * 100) / 100 : Math.round(value))
    case 'count':
      return formatCount(rounded(value))
  }
}

/** Three digits say it all. */
function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
