/**
 * What each router knows of this worker's load, and who is told of it before the next beat is due: one that was
 * refused hears when there is room again, one per task that ends and each in its turn, so that they do not all
 * come at once; and all hear when the worker has become idle or full and they have heard nothing for a while.
 */
import type { CancelTimer, Clock } from '../core/clock.ts'

export interface LoadNewsComponents {
  clock: Clock
  links: {
    isConnected: (peer: string) => boolean
    /** Sends a router this worker's load, out of turn. */
    tell: (peer: string) => void
  }
}

/** All that a router needs to hear of at once. */
export type Mood = 'idle' | 'some' | 'full'

export interface LoadChange {
  mood: Mood
  /** A task has ended, and another one would be let in now. */
  hasNewRoom: boolean
}

interface Known {
  /** The last task that came from it. */
  seen: number
  /** As it was last told, and when. */
  mood: Mood
  toldAtMs: number
  /** When it was last told out of turn. */
  newsAtMs: number
  /** It was refused, and there is room now. */
  isOwed: boolean
  next: { atMs: number; cancel: CancelTimer } | undefined
}

/** Two words out of turn to one router are so long apart. */
const PAUSE_MS = 20
/** A router that has heard of the load within this time needs no word of its change. */
const QUIET_MS = 250

export class LoadNews {
  readonly #components: LoadNewsComponents
  /** Connected routers that have sent tasks. */
  readonly #known = new Map<string, Known>()
  /** Of those, the ones that were refused; who has waited longest comes first. */
  readonly #refused = new Set<string>()
  #mood: Mood = 'idle'

  constructor(components: LoadNewsComponents) {
    this.#components = components
  }

  get routerCount(): number {
    return this.#known.size
  }

  /** The number of the last task that came from a router; 0 before the first. */
  seenOf(router: string): number {
    return this.#known.get(router)?.seen ?? 0
  }

  /** A task has come, whatever becomes of it. */
  came(router: string, number: number | undefined): void {
    const known = this.#known.get(router)
    if (known !== undefined) known.seen = number ?? known.seen
    else if (this.#components.links.isConnected(router)) {
      const toldAtMs = this.#components.clock.monotonicMs()
      const told = { mood: this.#mood, toldAtMs, newsAtMs: Number.NEGATIVE_INFINITY }
      this.#known.set(router, { ...told, seen: number ?? 0, isOwed: false, next: undefined })
    }
  }

  /** It found no room. */
  refused(router: string): void {
    if (this.#known.has(router)) this.#refused.add(router)
  }

  /** A report goes to a router, with an answer or a beat. */
  told(router: string): void {
    const known = this.#known.get(router)
    if (known === undefined) return
    known.mood = this.#mood
    known.toldAtMs = this.#components.clock.monotonicMs()
    if (this.#mood !== 'full') known.isOwed = false
  }

  /** Its last session has ended: whoever comes back starts anew. */
  closed(router: string): void {
    this.#known.get(router)?.next?.cancel()
    this.#known.delete(router)
    this.#refused.delete(router)
  }

  /** A task has come in, begun or ended. */
  changed({ hasNewRoom, mood }: LoadChange): void {
    const isNews = mood !== this.#mood && mood !== 'some'
    this.#mood = mood
    if (hasNewRoom && this.#refused.size > 0) this.#inviteNext()
    if (!isNews) return
    for (const [router, known] of this.#known) {
      if (known.mood !== mood) this.#tellAt(known.toldAtMs + QUIET_MS, router, known)
    }
  }

  /** No timer outlives this. */
  close(): void {
    for (const router of this.#known.keys()) this.closed(router)
  }

  #inviteNext(): void {
    for (const router of this.#refused) {
      this.#refused.delete(router)
      const known = this.#known.get(router)
      if (known !== undefined) {
        known.isOwed = true
        this.#tellAt(known.newsAtMs + PAUSE_MS, router, known)
      }
      // Where nothing is left to end, nobody else would hear of it.
      if (this.#mood !== 'idle') return
    }
  }

  /** At once, if it is time. */
  #tellAt(atMs: number, router: string, known: Known): void {
    const { clock } = this.#components
    const delayMs = atMs - clock.monotonicMs()
    if (delayMs <= 0) return this.#tell(router, known)
    if (known.next !== undefined && known.next.atMs <= atMs) return
    known.next?.cancel()
    const cancel = clock.after(delayMs, () => {
      known.next = undefined
      const isNews = this.#mood !== 'some' && known.mood !== this.#mood
      if (known.isOwed || isNews) this.#tell(router, known)
    })
    known.next = { atMs, cancel }
  }

  #tell(router: string, known: Known): void {
    known.next?.cancel()
    known.next = undefined
    known.isOwed = false
    known.newsAtMs = this.#components.clock.monotonicMs()
    this.#components.links.tell(router)
  }
}
