/**
 * Which workers have changed so that somebody would see it. Figures move all the time; what moves little is no news,
 * or every worker would be told of every second. A change of state is told at once, of others so many at a time.
 */
import type { LiveNews } from './live-news.ts'
import type { NodeView } from '../model/generated/api-node.ts'

/** Told of in one second, besides those whose state has changed. */
const CHANGED_MAX = 200

interface Known {
  state: NodeView['state']
  /** What of it would be seen. */
  look: string
}

export class LiveNodes {
  /** As JSON text, by PeerId. */
  readonly texts = new Map<string, string>()
  readonly #known = new Map<string, Known>()
  /** Changed and not told of yet; changed first comes first. */
  readonly #waiting = new Set<string>()

  /** Finds what has changed since the last time. */
  look(views: readonly NodeView[], news: LiveNews): void {
    const byPeer = new Map(views.map((view) => [view.peer_id, view]))
    for (const peer of this.#known.keys()) {
      if (!byPeer.has(peer)) this.#forget(peer, news)
    }
    for (const [peer, view] of byPeer) {
      const look = lookOf(view)
      const known = this.#known.get(peer)
      if (known?.look === look) continue
      this.#known.set(peer, { state: view.state, look })
      if (known?.state === view.state) this.#waiting.add(peer)
      else this.#tell(view, news)
    }
    let left = CHANGED_MAX
    for (const peer of this.#waiting) {
      if (left === 0) break
      left -= 1
      this.#tell(byPeer.get(peer) as NodeView, news)
    }
  }

  #tell(view: NodeView, news: LiveNews): void {
    this.#waiting.delete(view.peer_id)
    this.texts.set(view.peer_id, JSON.stringify(view))
    news.node(view.peer_id)
  }

  #forget(peer: string, news: LiveNews): void {
    this.#known.delete(peer)
    this.#waiting.delete(peer)
    this.texts.delete(peer)
    news.gone(peer)
  }
}

/** Steps of a tenth: nobody sees less. */
const STEPS_PER_TENFOLD = 24

/** The same text for as long as nobody would see a difference. */
function lookOf({ bandwidth: _way, capabilities, seen_ms_ago: _seen, ...view }: NodeView): string {
  return JSON.stringify({
    ...view,
    cores: capabilities?.cpu_cores,
    cpu: Math.round((capabilities?.cpu_usage ?? 0) / 5),
    memory: coarse(capabilities?.memory_available_mb ?? 0),
    latency_ms: coarse(view.latency_ms ?? 0),
    queued_ms: coarse(view.queued_ms ?? 0),
    wait_ms: coarse(view.wait_ms ?? 0),
    score: Math.round((view.score ?? 0) * 50),
    slowdown: coarse(view.slowdown ?? 1),
    speed: coarse(view.speed ?? 0)
  })
}

function coarse(value: number): number {
  return value <= 0 ? 0 : Math.round(Math.log10(1 + value) * STEPS_PER_TENFOLD)
}
