/** The first page: what there is, how it goes and went, and what is wrong. */
import { useState } from 'preact/hooks'
import { useSearchParams } from 'wouter-preact'
import { AlertList } from './alert-list.tsx'
import { DEFAULT_SPAN, SPANS } from './spans.ts'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { FailedJobs } from './failed-jobs.tsx'
import { Numbers } from './numbers.tsx'
import { MonitorRouters } from './monitor-routers.tsx'
import { PLOTS, isTold } from './plots.ts'
import { PageHeader } from '../parts/basics.tsx'
import { PlotFigure } from './plot-figure.tsx'
import { alertsOf } from './alerts.ts'
import { failure, nodes, overview } from '../data/live.ts'
import { formatSpan } from '../data/formats.ts'
import { nowMs } from '../data/now.ts'
import { useReputations } from '../workers/reputations.ts'
import { useSeries } from './use-series.ts'
import type { JSX } from 'preact'
import type { Plot } from './plots.ts'
import type { Series } from './use-series.ts'
import type { Span } from './spans.ts'

export function OverviewPage(): JSX.Element {
  const [search, setSearch] = useSearchParams()
  const [isTable, setTable] = useState(false)
  const span = SPANS.find(({ id }) => id === search.get('span')) ?? DEFAULT_SPAN
  const series = useSeries(span)
  const view = overview.value
  const choose = ({ id }: Span): void => {
    setSearch(id === DEFAULT_SPAN.id ? {} : { span: id }, { replace: true })
  }
  return (
    <>
      <PageHeader
        title="Overview"
        note={
          view === undefined ? undefined : (
            <>
              {view.role} <b>{view.name ?? ''}</b> in namespace <b>{view.namespace}</b>, up for{' '}
              {formatSpan(view.uptime_ms)}
            </>
          )
        }
      >
        <SpanSwitch span={span} onChoose={choose} />
        <button
          type="button"
          class="button"
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        >
          Tables
        </button>
      </PageHeader>
      {view === undefined &&
        (failure.value === undefined ? <Skeleton /> : <Failure cause={failure.value} />)}
      {view !== undefined && <Alerts series={series} />}
      {view !== undefined && <Numbers overview={view} samples={series.samples ?? []} span={span} />}
      {view?.role === 'monitor' && <MonitorRouters />}
      <Plots series={series} span={span} isTable={isTable} />
      {view?.items !== undefined && <FailedJobs />}
    </>
  )
}

function SpanSwitch({
  onChoose,
  span
}: {
  span: Span
  onChoose: (span: Span) => void
}): JSX.Element {
  return (
    <div class="switch" role="group" aria-label="Stretch of time">
      {SPANS.map((each) => (
        <button
          key={each.id}
          type="button"
          aria-pressed={each === span}
          aria-label={each.title}
          onClick={() => onChoose(each)}
        >
          {each.id}
        </button>
      ))}
    </div>
  )
}

function Alerts({ series }: { series: Series }): JSX.Element | null {
  const seen = useReputations().value
  const view = overview.value
  if (view === undefined) return null
  const alerts = alertsOf({
    overview: view,
    nodes: [...nodes.value.values()],
    reputations: [...seen.values()],
    samples: series.samples ?? [],
    nowMs: nowMs.value
  })
  return <AlertList alerts={alerts} />
}

function Plots({
  isTable,
  series,
  span
}: {
  series: Series
  span: Span
  isTable: boolean
}): JSX.Element {
  const { cause, reload, samples } = series
  if (cause !== undefined) return <Failure cause={cause} retry={reload} />
  if (samples === undefined) return <Skeleton lines={8} />
  if (samples.length === 0) {
    return (
      <Empty icon="overview" title="Nothing to plot yet">
        <p>The first figures come within some seconds.</p>
      </Empty>
    )
  }
  return (
    <section class="plots" aria-label={`The last ${span.title}`}>
      {PLOTS.filter((plot) => isTold(plot, samples) && isOf(plot)).map((plot) => (
        <PlotFigure key={plot.id} plot={plot} samples={samples} span={span} isTable={isTable} />
      ))}
    </section>
  )
}

/** A monitor moves no files. */
function isOf({ id }: Plot): boolean {
  return id !== 'bytes' || overview.value?.role === 'router'
}
