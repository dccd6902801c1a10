/**
 * Tells all who watch what changes, once a second at most. Everything is looked at once for all of them, and only
 * while somebody watches; who cannot keep up gets the latest of what it missed with its next message, so that nothing
 * piles up for anybody.
 */
import { LiveNews } from './live-news.ts'
import { LiveNodes } from './live-nodes.ts'
import { RecentMap } from '../core/recent-map.ts'
import { LIVE_JOBS_MAX } from './live-news.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { FileView } from '../model/generated/api-file.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { LiveTexts } from './live-news.ts'
import type { Logger } from '../observe/logger.ts'
import type { MapView } from '../model/generated/api-map.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { OverviewView } from '../model/generated/api-overview.ts'
import type { SeriesSample } from '../model/generated/api-series.ts'

/** Somebody who watches. */
export interface LiveReader {
  /** What it may do. */
  readonly scope: string
  /** Whether it has taken all that it was told. */
  isReady(): boolean
  /** One message, as JSON text. */
  send(text: string): void
}

export interface LiveComponents {
  clock: Clock
  logger: Logger
  overview: () => Promise<OverviewView>
  sample: () => SeriesSample | undefined
  nodes: () => NodeView[]
  map: () => MapView
  transfers: () => FileView[]
  /** As they are shown; absent of a node without jobs. */
  jobView?: (job: JobRecord) => JobView
}

const TICK_MS = 1_000
/** Between the parts of all that there is, of which one message has not room: a page fills at once. */
const REST_MS = 25
/** Jobs that changed within a second, of which the newest are shown. */
const CHANGED_JOBS_MAX = 4_096
/** A large graph is told of less often: so many bytes of it a second. */
const MAP_BYTES_PER_SECOND = 65_536

export class Live {
  readonly #components: LiveComponents
  /** With what each has not been told yet. */
  readonly #readers = new Map<LiveReader, LiveNews>()
  readonly #nodes = new LiveNodes()
  #texts: LiveTexts
  #changedJobs = new RecentMap<string, JobRecord>(CHANGED_JOBS_MAX)
  #changeCount = 0
  #shown = { overview: '', map: '' }
  #lookedAtMs = -Infinity
  #mapNextAtMs = 0
  #cancel: CancelTimer | undefined
  #cancelRest: CancelTimer | undefined

  constructor(components: LiveComponents) {
    this.#components = components
    this.#texts = {
      overview: undefined,
      sample: undefined,
      map: undefined,
      transfers: undefined,
      nodes: this.#nodes.texts
    }
  }

  /** Begins with all that there is. @returns what ends it */
  async watch(reader: LiveReader): Promise<() => void> {
    const sinceMs = this.#components.clock.monotonicMs() - this.#lookedAtMs
    // Whoever comes and goes and comes again has nobody look more often for that.
    if (sinceMs >= TICK_MS) this.#tell(await this.#look())
    const first = this.#everything()
    reader.send(first.take(this.#texts, reader.scope))
    this.#readers.set(reader, first)
    if (!first.isEmpty) this.#tellRestSoon()
    this.#cancel ??= this.#components.clock.every(TICK_MS, () => void this.#tick())
    return () => {
      this.#readers.delete(reader)
      if (this.#readers.size === 0) this.stop()
    }
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#cancelRest?.()
    this.#cancelRest = undefined
    this.#changedJobs.clear()
    this.#changeCount = 0
  }

  /** A job has come or changed. Called thousands of times a second: it is looked at later, if anybody watches. */
  jobChanged(job: JobRecord): void {
    if (this.#readers.size === 0) return
    if (!this.#changedJobs.has(job.id)) this.#changeCount += 1
    this.#changedJobs.set(job.id, job)
  }

  async #tick(): Promise<void> {
    try {
      this.#tell(await this.#look())
    } catch (cause) {
      this.#components.logger.warn({ err: cause }, 'the live stream misses a second')
    }
  }

  /** Nobody who has taken all that was sent waits a second for what there is already. */
  #tellRestSoon(): void {
    this.#cancelRest ??= this.#components.clock.after(REST_MS, () => {
      this.#cancelRest = undefined
      for (const [reader, own] of this.#readers) {
        if (own.isEmpty) continue
        if (reader.isReady()) reader.send(own.take(this.#texts, reader.scope))
        if (!own.isEmpty) this.#tellRestSoon()
      }
    })
  }

  /** Those who have taken everything and are told the same share one text. */
  #tell(news: LiveNews): void {
    const shared = new Map<string, string>()
    for (const [reader, own] of this.#readers) {
      const isReady = reader.isReady()
      const isUpToDate = own.isEmpty
      const known = isReady && isUpToDate ? shared.get(reader.scope) : undefined
      if (known !== undefined) {
        reader.send(known)
        continue
      }
      own.add(news)
      if (!isReady || own.isEmpty) continue
      const text = own.take(this.#texts, reader.scope)
      if (isUpToDate && own.isEmpty) shared.set(reader.scope, text)
      reader.send(text)
    }
  }

  #everything(): LiveNews {
    const news = new LiveNews()
    news.isFirst = true
    news.mark('overview')
    news.mark('sample')
    news.mark('map')
    news.mark('transfers')
    for (const peer of this.#nodes.texts.keys()) news.node(peer)
    return news
  }

  async #look(): Promise<LiveNews> {
    const { nodes, overview, sample, transfers } = this.#components
    const news = new LiveNews()
    this.#lookAtOverview(await overview(), news)
    this.#replace('sample', sample(), news)
    this.#replace('transfers', transfers(), news)
    this.#nodes.look(nodes(), news)
    this.#lookAtMap(news)
    this.#lookAtJobs(news)
    this.#lookedAtMs = this.#components.clock.monotonicMs()
    return news
  }

  #replace(part: 'sample' | 'transfers', value: object | undefined, news: LiveNews): void {
    const text = value === undefined ? undefined : JSON.stringify(value)
    if (text === this.#texts[part]) return
    this.#texts = { ...this.#texts, [part]: text }
    news.mark(part)
  }

  /** That time passes is no news. */
  #lookAtOverview({ uptime_ms: uptimeMs, ...overview }: OverviewView, news: LiveNews): void {
    const shown = JSON.stringify(overview)
    const text = JSON.stringify({ ...overview, uptime_ms: uptimeMs }).slice(0, -1)
    this.#texts = { ...this.#texts, overview: text }
    if (shown === this.#shown.overview) return
    this.#shown.overview = shown
    news.mark('overview')
  }

  /** That round trips vary and words grow older is no news either. */
  #lookAtMap(news: LiveNews): void {
    const { clock, map } = this.#components
    const nowMs = clock.monotonicMs()
    if (this.#texts.map !== undefined && nowMs < this.#mapNextAtMs) return
    const { links, nodes } = map()
    const shown = JSON.stringify({
      nodes: nodes.map(({ told_ms_ago: toldMsAgo, ...node }) => [node, toldMsAgo !== undefined]),
      links: links.map(({ latency_ms: _latency, ...link }) => link)
    })
    this.#mapNextAtMs = nowMs + (shown.length / MAP_BYTES_PER_SECOND) * 1_000
    if (shown === this.#shown.map) return
    this.#shown.map = shown
    this.#texts = { ...this.#texts, map: JSON.stringify({ nodes, links }) }
    news.mark('map')
  }

  #lookAtJobs(news: LiveNews): void {
    const { jobView } = this.#components
    if (jobView === undefined || this.#changeCount === 0) return
    const newest = [...this.#changedJobs.values()]
      .toSorted((left, right) => left.createdAtMs - right.createdAtMs)
      .slice(-LIVE_JOBS_MAX)
    for (const job of newest) news.job(job.id, JSON.stringify(jobView(job)))
    news.missed(this.#changeCount - newest.length)
    this.#changedJobs.clear()
    this.#changeCount = 0
  }
}
