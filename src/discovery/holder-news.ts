/**
 * What one search hears of a file's holders, put together: routers say who has it now, and so also who has it
 * no longer; the DHT names whoever had it lately. Whom a router has taken back, the DHT does not bring again.
 */
import { LIMITS } from '../core/limits.ts'
import { deferred } from '../core/abort.ts'
import type { AbortOptions, Deferred } from '../core/abort.ts'

/** A peer that says it has the file, or does no longer. */
export interface FileHolderNews {
  kind: 'appeared' | 'vanished'
  peer: string
}

export class HolderNews {
  /** By peer: the routers that list it. */
  readonly #known = new Map<string, Set<string>>()
  readonly #withdrawn = new Set<string>()
  #news: FileHolderNews[] = []
  #wake: Deferred<void> = deferred()

  /** Somebody has seen it there, some time ago. */
  named(peer: string): void {
    if (!this.#withdrawn.has(peer)) this.#add(peer)
  }

  /** A router knows these holders, and no others. */
  listed(router: string, peers: readonly string[]): void {
    const listed = new Set(peers)
    for (const peer of listed) this.#add(peer)?.add(router)
    for (const [peer, routers] of this.#known) {
      if (listed.has(peer) || !routers.delete(router) || routers.size > 0) continue
      this.#known.delete(peer)
      if (this.#withdrawn.size < LIMITS.downloadCandidatesMax) this.#withdrawn.add(peer)
      this.#tell({ kind: 'vanished', peer })
    }
  }

  /** Until the signal. */
  async *until({ signal }: AbortOptions): AsyncGenerator<FileHolderNews, undefined> {
    const isWanted = (): boolean => signal?.aborted !== true
    const onAbort = (): void => this.#wake.resolve()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      while (isWanted()) {
        yield* this.#news.splice(0)
        // oxlint-disable-next-line no-await-in-loop -- until there is something to tell
        if (this.#news.length === 0) await this.#wake.promise
        this.#wake = deferred()
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #add(peer: string): Set<string> | undefined {
    const known = this.#known.get(peer)
    if (known !== undefined) return known
    if (this.#known.size >= LIMITS.downloadCandidatesMax) return undefined
    const routers = new Set<string>()
    this.#known.set(peer, routers)
    this.#withdrawn.delete(peer)
    this.#tell({ kind: 'appeared', peer })
    return routers
  }

  #tell(news: FileHolderNews): void {
    this.#news.push(news)
    this.#wake.resolve()
  }
}
