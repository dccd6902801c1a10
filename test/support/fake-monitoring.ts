/** What a node sees of its mesh, as the published examples have it. */
import type { LiveReader, MonitoringServices } from '../../src/http/services.ts'
import type { MapView } from '../../src/model/generated/api-map.ts'
import type { OverviewView } from '../../src/model/generated/api-overview.ts'
import type { RouterView } from '../../src/model/generated/api-router.ts'
import type { SeriesView } from '../../src/model/generated/api-series.ts'

export interface FakeMonitoringInit {
  overview: OverviewView
  series: SeriesView
  map: MapView
  router: RouterView
  /** Those who watch. */
  readers: Set<LiveReader>
  note: (name: string, ...details: unknown[]) => void
}

export function fakeMonitoring(init: FakeMonitoringInit): MonitoringServices {
  const { map, note, overview, readers, router, series } = init
  return {
    overview: async () => ({ ...overview }),
    series: (spanMs) => {
      note('series', spanMs)
      return series
    },
    map: () => map,
    routers: () => [router],
    watch: async (reader) => {
      note('live', reader.scope)
      readers.add(reader)
      reader.send(JSON.stringify({ is_first: true }))
      return () => void readers.delete(reader)
    }
  }
}
