/** The peers that are said to have a file: who is asked next, who has to wait after a failure, who is never asked again. */
import { LIMITS } from '../../core/limits.ts'
import { deferred } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'

interface Candidate {
  failureCount: number
  notBeforeMs: number
  isTaken: boolean
  /** It has given what was right. */
  isProven: boolean
}

/** How it went with one that was taken; `away`: nobody answers, or no longer. */
export type Parting = 'fine' | 'failed' | 'away'

const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000
/** One that has given pieces before is missed: it may be back by another way at any moment. */
const RETRY_MS_PROVEN = 4_000

export class Candidates {
  readonly #clock: Clock
  readonly #peers = new Map<string, Candidate>()
  readonly #banned = new Set<string>()
  #added = deferred<void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get count(): number {
    return this.#peers.size
  }

  /** Resolves with the next one that is new. */
  get added(): Promise<void> {
    return this.#added.promise
  }

  /** @returns whether it is new */
  add(peer: string): boolean {
    if (this.#banned.has(peer) || this.#peers.has(peer)) return false
    if (this.#peers.size >= LIMITS.downloadCandidatesMax && !this.#makeRoom()) return false
    this.#peers.set(peer, { failureCount: 0, notBeforeMs: 0, isTaken: false, isProven: false })
    this.#added.resolve()
    this.#added = deferred()
    return true
  }

  /** Whoever has failed most gives way, so that names of nobody never keep out those who have the file. */
  #makeRoom(): boolean {
    let worst: [string, Candidate] | undefined
    for (const entry of this.#peers) {
      const [, { failureCount, isTaken }] = entry
      if (!isTaken && failureCount > (worst?.[1].failureCount ?? 0)) worst = entry
    }
    return worst !== undefined && this.#peers.delete(worst[0])
  }

  remove(peer: string): void {
    this.#peers.delete(peer)
  }

  /** It is not asked again, whoever names it. */
  ban(peer: string): void {
    this.#peers.delete(peer)
    this.#banned.add(peer)
  }

  /** The one to try next; it is taken until it is left. */
  take(): string | undefined {
    const nowMs = this.#clock.monotonicMs()
    let best: [string, Candidate] | undefined
    for (const entry of this.#peers) {
      const [, { failureCount, isTaken, notBeforeMs }] = entry
      if (isTaken || notBeforeMs > nowMs) continue
      if (best === undefined || failureCount < best[1].failureCount) best = entry
    }
    if (best === undefined) return undefined
    best[1].isTaken = true
    return best[0]
  }

  /** It has given a piece that is right. */
  noteProven(peer: string): void {
    const candidate = this.#peers.get(peer)
    if (candidate !== undefined) candidate.isProven = true
  }

  /** It is done with for now. One that has failed waits, each time longer. */
  leave(peer: string, parting: Parting): void {
    const candidate = this.#peers.get(peer)
    if (candidate === undefined) return
    const hasFailed = parting !== 'fine'
    candidate.isTaken = false
    candidate.failureCount = hasFailed ? candidate.failureCount + 1 : 0
    if (!hasFailed) return
    const isMissed = parting === 'away' && candidate.isProven
    const mostMs = isMissed ? RETRY_MS_PROVEN : RETRY_MS_MAX
    const delayMs = Math.min(RETRY_MS_MIN * 2 ** (candidate.failureCount - 1), mostMs)
    candidate.notBeforeMs = this.#clock.monotonicMs() + delayMs
  }
}
