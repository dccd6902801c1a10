/**
 * What goes on, pushed: one stream of GET /v1/live for the whole dashboard, taken into signals once a frame.
 * It is read for ever: over restarts of the router, sleeping machines, and another router that is chosen.
 */
import { batch, computed, effect, signal, untracked } from '@preact/signals'
import { MeshError } from '../../core/errors.ts'
import { apiBase, learnRouters, routers, routerToken, token } from './session.ts'
import { LiveBook } from './live-book.ts'
import { getOwn, stream } from './api.ts'
import type { GatheredNews } from './live-book.ts'
import type { FileView } from '../../model/generated/api-file.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { LiveNews } from '../../model/generated/api-live.ts'
import type { MapView } from '../../model/generated/api-map.ts'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { OverviewView } from '../../model/generated/api-overview.ts'
import type { ReadonlySignal } from '@preact/signals'
import type { RouterView } from '../../model/generated/api-router.ts'
import type { SeriesSample } from '../../model/generated/api-series.ts'

/** `lost`: the server was there and is not; it is still asked. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'lost'

export interface JobNews {
  jobs: readonly JobView[]
  /** Some that changed are not in `jobs`, or nobody knows what changed. */
  isPartial: boolean
}

const RETRY_MS = 3_000
const HIDDEN_MS = 2_000
/** After so long without a word it is more than a hiccup. */
const LOST_MS = 15_000
const ROUTERS_EVERY_MS = 10_000
/** While there is none: a mesh that is just starting has one soon. */
const NO_ROUTER_MS = 3_000

export const connection = signal<Connection>('connecting')
export const failure = signal<MeshError | undefined>(undefined)
export const overview = signal<OverviewView | undefined>(undefined)
/** By PeerId. */
export const nodes = signal<ReadonlyMap<string, NodeView>>(new Map())
export const map = signal<MapView | undefined>(undefined)
export const transfers = signal<readonly FileView[]>([])
/** The newest sample that was told; a plot adds it to what GET /v1/series gave. */
export const sample = signal<SeriesSample | undefined>(undefined)

export type Scope = NonNullable<OverviewView['scope']>
const SCOPES: readonly Scope[] = ['read', 'submit', 'operate']

/** What the token may do, as the router says; nothing but look before it has. */
export const scope: ReadonlySignal<Scope> = computed(() => overview.value?.scope ?? 'read')

export function may(needed: Scope): boolean {
  return SCOPES.indexOf(scope.value) >= SCOPES.indexOf(needed)
}

const jobListeners = new Set<(news: JobNews) => void>()

/** News of jobs, as long as the returned function was not called. */
export function onJobs(listener: (news: JobNews) => void): () => void {
  jobListeners.add(listener)
  return () => void jobListeners.delete(listener)
}

/** Begins, once; what follows is up to the session. */
export function startLive(): void {
  effect(() => {
    if (token.value === undefined) return
    const controller = new AbortController()
    void keepRouters(controller.signal)
    return () => controller.abort()
  })
  let lookedAt = ''
  effect(() => {
    // Another token may be told more.
    void routerToken.value
    if (token.value === undefined || apiBase.value === '') return
    const isOther = `${token.value} ${apiBase.value}` !== lookedAt
    lookedAt = `${token.value} ${apiBase.value}`
    const controller = new AbortController()
    // What it reads until it first waits is no reason to begin anew.
    untracked(() => {
      if (isOther) forgetAll()
      void follow(controller.signal)
    })
    return () => controller.abort()
  })
}

function forgetAll(): void {
  connection.value = 'connecting'
  failure.value = undefined
  overview.value = undefined
  nodes.value = new Map()
  map.value = undefined
  transfers.value = []
  sample.value = undefined
}

async function follow(until: AbortSignal): Promise<void> {
  const book = new LiveBook()
  const drawing = new Drawing(() => apply(book.take()))
  const watch = new ConnectionWatch()
  until.addEventListener('abort', () => {
    drawing.cancel()
    watch.stop()
  })
  while (!until.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one stream at a time
      for await (const sign of stream<LiveNews>('/live', {
        signal: until,
        onAttempt: watch.lost,
        onAbsence: watch.absent
      })) {
        if (sign.kind === 'opened') watch.opened()
        else {
          book.add(sign.value)
          drawing.soon()
        }
      }
    } catch (cause) {
      if (until.aborted) return
      failure.value = MeshError.from(cause, 'API_UNREACHABLE')
      connection.value = 'lost'
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

function apply(news: GatheredNews): void {
  batch(() => {
    if (news.overview !== undefined) overview.value = news.overview
    if (news.sample !== undefined) sample.value = news.sample
    if (news.map !== undefined) map.value = news.map
    if (news.transfers !== undefined) transfers.value = news.transfers
    if (news.isFirst || news.nodes.size > 0) nodes.value = nodesWith(news)
    const isPartial = news.isFirst || news.jobsMissed > 0
    if (!isPartial && news.jobs.length === 0) return
    for (const listener of jobListeners) listener({ jobs: news.jobs, isPartial })
  })
}

function nodesWith(news: GatheredNews): ReadonlyMap<string, NodeView> {
  const next = new Map(news.isFirst ? [] : nodes.peek())
  for (const [peer, node] of news.nodes) {
    if (node === null) next.delete(peer)
    else next.set(peer, node)
  }
  return next
}

/** What is shown of the stream: a short break is a hiccup, a long one is an outage. */
class ConnectionWatch {
  #timer: ReturnType<typeof setTimeout> | undefined

  opened(): void {
    this.stop()
    failure.value = undefined
    connection.value = 'live'
  }

  /** The stream is asked for; if it was there, it broke. */
  readonly lost = (): void => {
    if (connection.value !== 'live') return
    connection.value = 'reconnecting'
    this.#timer = setTimeout(() => (connection.value = 'lost'), LOST_MS)
  }

  /** A monitor says at once that a router can't be reached. */
  readonly absent = (): void => {
    this.stop()
    connection.value = 'lost'
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** Calls back once with the next frame; in a tab that nobody sees, where there are none, now and then. */
class Drawing {
  readonly #draw: () => void
  #cancel: (() => void) | undefined

  constructor(draw: () => void) {
    this.#draw = draw
  }

  soon(): void {
    if (this.#cancel !== undefined) return
    const draw = (): void => {
      this.#cancel = undefined
      this.#draw()
    }
    if (document.hidden) {
      const timer = setTimeout(draw, HIDDEN_MS)
      this.#cancel = () => clearTimeout(timer)
    } else {
      const frame = requestAnimationFrame(draw)
      this.#cancel = () => cancelAnimationFrame(frame)
    }
  }

  cancel(): void {
    this.#cancel?.()
  }
}

/** Which routers there are: seldom another, and not worth a stream. */
async function keepRouters(until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- again and again
      learnRouters(await getOwn<RouterView[]>('/routers', { signal: until }))
    } catch (cause) {
      // Later on what is shown stays; the live stream says what is wrong.
      if (until.aborted) return
      if (routers.value === undefined) failure.value = MeshError.from(cause, 'API_UNREACHABLE')
    }
    const pauseMs = (routers.value ?? []).length === 0 ? NO_ROUTER_MS : ROUTERS_EVERY_MS
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
