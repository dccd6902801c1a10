/**
 * Asks the nodes of the mesh for their connections, each once in a while, and only while somebody looks: who looks
 * away costs nobody anything. What comes is bounded per node and in all, as anybody may say anything.
 */
import { LIMITS } from '../core/limits.ts'
import { MapDrawing } from './map-drawing.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { GetLinksResult } from '../model/generated/commands-get-links.ts'
import type { LinkSource } from './sources.ts'
import type { Logger } from '../observe/logger.ts'
import type { MapNode, MapView } from '../model/generated/api-map.ts'

export interface MapCollectorComponents {
  clock: Clock
  logger: Logger
  links: LinkSource
  self: Pick<MapNode, 'peer_id' | 'role'>
}

/** What one node said last. */
export interface Told extends GetLinksResult {
  atMs: number
}

interface Asked {
  nextAtMs: number
  failures: number
  isOpen: boolean
}

const TICK_MS = 1_000
/** How often a node is asked, where there are not too many of them. */
const ASK_MS = 15_000
/** Of a thousand nodes, each is asked every twenty seconds. */
const ASKED_PER_SECOND_MAX = 50
const OPEN_MAX = 64
const ANSWER_TIMEOUT_MS = 5_000
/** An older node does not know the question. */
const REST_MS_MAX = 300_000
/** Who has asked for the map may soon ask again. */
const LOOKED_MS = 60_000
/** What a node said so long ago counts no more. */
const BELIEVED_MS = 120_000
/** Of all that is remembered: each connection may be told of by both its ends. */
const TOLD_LINKS_MAX = 2 * LIMITS.mapLinksMax

export class MapCollector {
  readonly #components: MapCollectorComponents
  readonly #told = new RecentMap<string, Told>(LIMITS.mapNodesMax)
  readonly #asked = new Map<string, Asked>()
  readonly #controller = new AbortController()
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #open = 0
  #cancel: CancelTimer | undefined

  constructor(components: MapCollectorComponents) {
    this.#components = components
  }

  stop(): void {
    this.#controller.abort()
    this.#rest()
  }

  /** The graph as it is known, from now on kept fresh for a while. */
  view(): MapView {
    this.#look()
    const { clock, links, self } = this.#components
    const { peer_id, role } = self
    const drawing = new MapDrawing({ peer_id, role, is_self: true })
    for (const node of links.known()) drawing.know(node)
    drawing.told(self.peer_id, links.own())
    const nowMs = clock.monotonicMs()
    for (const [peer, told] of this.#told.entries()) {
      if (nowMs - told.atMs < BELIEVED_MS) drawing.told(peer, told, nowMs - told.atMs)
    }
    return drawing.view()
  }

  /** Nodes that have said of themselves to be of that role, with their names; kept fresh as the graph is. */
  ofRole(role: GetLinksResult['role']): { peer_id: string; name?: string }[] {
    this.#look()
    const oldestMs = this.#components.clock.monotonicMs() - BELIEVED_MS
    const found = [...this.#told.entries()].filter(
      ([, told]) => told.role === role && told.atMs > oldestMs
    )
    return found.map(([peer, { name }]) => ({
      peer_id: peer,
      ...(name === undefined ? {} : { name })
    }))
  }

  #look(): void {
    const { clock } = this.#components
    if (this.#controller.signal.aborted) return
    this.#lookedAtMs = clock.monotonicMs()
    if (this.#cancel !== undefined) return
    this.#cancel = clock.every(TICK_MS, () => this.#tick())
    this.#tick()
  }

  #rest(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #tick(): void {
    const { clock, links } = this.#components
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lookedAtMs > LOOKED_MS) return this.#rest()
    const askable = links.askable().slice(0, LIMITS.mapNodesMax)
    const present = new Set(askable)
    for (const [peer, { isOpen }] of this.#asked) {
      if (!isOpen && !present.has(peer)) this.#asked.delete(peer)
    }
    const due = askable
      .filter((peer) => (this.#asked.get(peer)?.nextAtMs ?? 0) <= nowMs)
      .slice(0, Math.min(ASKED_PER_SECOND_MAX, OPEN_MAX - this.#open))
    const periodMs = Math.max(ASK_MS, (askable.length / ASKED_PER_SECOND_MAX) * TICK_MS)
    for (const peer of due) void this.#ask(peer, periodMs)
  }

  /** What was said first goes first, where more was said than any map shows. */
  #remember(peer: string, told: Told): void {
    this.#told.set(peer, told)
    let count = 0
    for (const { links } of this.#told.values()) count += links.length
    for (const [oldest, { links }] of this.#told) {
      if (count <= TOLD_LINKS_MAX) return
      count -= links.length
      this.#told.delete(oldest)
    }
  }

  /** Never rejects. */
  async #ask(peer: string, periodMs: number): Promise<void> {
    const { clock, links, logger } = this.#components
    const asked = this.#asked.get(peer) ?? { nextAtMs: 0, failures: 0, isOpen: false }
    this.#asked.set(peer, asked)
    asked.isOpen = true
    asked.nextAtMs = Infinity
    this.#open += 1
    try {
      const { signal } = this.#controller
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
      const told = await links.ask(peer, inTime)
      this.#remember(peer, { ...told, atMs: clock.monotonicMs() })
      asked.failures = 0
    } catch (cause) {
      asked.failures += 1
      logger.debug({ peer, err: cause }, 'a node does not say whom it is connected to')
    } finally {
      this.#open -= 1
      asked.isOpen = false
      const restMs = Math.min(REST_MS_MAX, periodMs * 2 ** asked.failures)
      asked.nextAtMs = clock.monotonicMs() + (asked.failures === 0 ? periodMs : restMs)
    }
  }
}
