/** What a node sees of its mesh as a whole, put together: in numbers, over time, as a graph, and as it changes. */
import { Live } from './live.ts'
import { MapCollector } from './map-collector.ts'
import { STEP_MS, Series } from './series.ts'
import { steadyTime } from '../core/clock.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { LiveReader } from './live.ts'
import type { Logger } from '../observe/logger.ts'
import type { MapView } from '../model/generated/api-map.ts'
import type { MonitoringSources } from './sources.ts'
import type { OverviewView } from '../model/generated/api-overview.ts'
import type { RouterView } from '../model/generated/api-router.ts'
import type { SeriesView } from '../model/generated/api-series.ts'
import type { Startable } from '../core/startable.ts'

export class Monitoring implements Startable {
  readonly #clock: Clock
  readonly #nowMs: () => number
  readonly #sources: MonitoringSources
  readonly #series = new Series()
  readonly #map: MapCollector
  readonly #live: Live
  readonly #startedAtMs: number
  #moved: { received: number; sent: number } = { received: 0, sent: 0 }
  #cancel: CancelTimer = () => {}

  constructor({ clock, logger }: { clock: Clock; logger: Logger }, sources: MonitoringSources) {
    const { files, jobs, links, self, workers } = sources
    this.#clock = clock
    this.#nowMs = steadyTime(clock)
    this.#sources = sources
    this.#startedAtMs = clock.monotonicMs()
    this.#map = new MapCollector({ clock, logger, links, self })
    this.#live = new Live({
      clock,
      logger,
      overview: () => this.overview(),
      sample: () => this.#series.latest,
      nodes: () => workers.views(),
      map: () => this.#map.view(),
      transfers: () => files.transfers(),
      ...(jobs === undefined ? {} : { jobView: (job) => jobs.view(job) })
    })
    jobs?.meter.listen((job) => this.#live.jobChanged(job))
  }

  async start(): Promise<void> {
    this.#moved = this.#sources.files.moved()
    this.#cancel = this.#clock.every(STEP_MS, () => this.#sample())
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.#live.stop()
    this.#map.stop()
  }

  async overview(): Promise<OverviewView> {
    const { files, jobs, self, workers } = this.#sources
    const { byState, slots } = workers.counts()
    return {
      ...self,
      uptime_ms: Math.round(this.#clock.monotonicMs() - this.#startedAtMs),
      workers: byState,
      slots,
      ...(jobs === undefined ? {} : { jobs: { ...(await jobs.counts()) }, items: jobs.items() }),
      files: files.counts()
    }
  }

  series(spanMs: number): SeriesView {
    return this.#series.view(spanMs)
  }

  map(): MapView {
    return this.#map.view()
  }

  /** This node if it is one, and those that are known or have said to be one. */
  routers(): RouterView[] {
    const { role, name, peer_id } = this.#sources.self
    const self = { peer_id, ...(name === undefined ? {} : { name }), is_self: true }
    const known = this.#sources.links.known().filter((each) => each.role === 'router')
    // What one has said of itself counts more than that it is known.
    const others = new Map(
      [...known, ...this.#map.ofRole('router')].map((each) => [
        each.peer_id,
        {
          peer_id: each.peer_id,
          ...(each.name === undefined ? {} : { name: each.name }),
          is_self: false
        }
      ])
    )
    others.delete(peer_id)
    return role === 'router' ? [self, ...others.values()] : [...others.values()]
  }

  watch(reader: LiveReader): Promise<() => void> {
    return this.#live.watch(reader)
  }

  #sample(): void {
    const { files, jobs, workers } = this.#sources
    const { byState, slots } = workers.counts()
    const { received, sent } = files.moved()
    const gauges = {
      workers_ready: byState['ready'] ?? 0,
      slots_total: slots.total,
      ...(slots.busy === undefined ? {} : { slots_busy: slots.busy }),
      bytes_received: received - this.#moved.received,
      bytes_sent: sent - this.#moved.sent
    }
    this.#moved = { received, sent }
    const atMs = this.#nowMs()
    if (jobs === undefined) return this.#series.add(atMs, gauges)
    const { queued, running } = jobs.items()
    const all = { ...gauges, items_queued: queued, items_running: running }
    jobs.meter.take((counts) => this.#series.add(atMs, all, counts))
  }
}
