/** The samples of a stretch of time: read once, then lengthened by what is pushed. */
import { useEffect, useState } from 'preact/hooks'
import { effect } from '@preact/signals'
import { SampleWindow } from './spans.ts'
import { get } from '../data/api.ts'
import { sample } from '../data/live.ts'
import { useLoad } from '../data/use-load.ts'
import type { SeriesSample, SeriesView } from '../../model/generated/api-series.ts'
import type { Span } from './spans.ts'

export interface Series {
  /** Undefined until they were read. */
  samples: readonly SeriesSample[] | undefined
  cause: unknown
  reload: () => void
}

export function useSeries(span: Span): Series {
  const { cause, reload, value } = useLoad(`series ${span.id}`, (signal) =>
    get<SeriesView>('/series', { query: { span: span.id }, signal })
  )
  const [samples, setSamples] = useState<readonly SeriesSample[] | undefined>()
  useEffect(() => {
    setSamples(value?.samples)
    if (value === undefined) return
    const window = new SampleWindow(span, value.samples)
    return effect(() => {
      if (sample.value !== undefined && window.append(sample.value)) setSamples(window.samples)
    })
  }, [value])
  return { samples, cause, reload }
}
