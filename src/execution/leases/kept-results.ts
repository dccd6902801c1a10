/**
 * Ended leases whose routers have not taken note yet: bounded in number, bytes and time. Where there are too many,
 * the oldest go of the router that has left the most of it, so that none loses its own to another's.
 */
import { LIMITS } from '../../core/limits.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Lease } from './lease.ts'
import type { LostState } from './journal-entries.ts'

export interface KeptResultsInit {
  /** @default LIMITS.keptResultsMax */
  countMax?: number | undefined
  /** @default LIMITS.keptResultBytesMax */
  bytesMax?: number | undefined
  /** @default LIMITS.keptResultMsMax */
  msMax?: number | undefined
}

/** What one router has left here. */
interface Shelf {
  /** In the order in which they ended. */
  leases: Set<Lease>
  bytes: number
}

export class KeptResults {
  readonly #clock: Clock
  readonly #countMax: number
  readonly #bytesMax: number
  readonly #msMax: number
  readonly #onDropped: (leases: readonly Lease[], why: LostState) => void
  /** In the order in which they ended. */
  readonly #leases = new Set<Lease>()
  readonly #shelves = new Map<string, Shelf>()
  readonly #whenEmpty = new Set<() => void>()
  #bytes = 0
  #cancelTimer: CancelTimer | undefined

  constructor(
    clock: Clock,
    onDropped: (leases: readonly Lease[], why: LostState) => void,
    init: KeptResultsInit = {}
  ) {
    this.#clock = clock
    this.#onDropped = onDropped
    this.#countMax = init.countMax ?? LIMITS.keptResultsMax
    this.#bytesMax = init.bytesMax ?? LIMITS.keptResultBytesMax
    this.#msMax = init.msMax ?? LIMITS.keptResultMsMax
  }

  add(lease: Lease): void {
    const shelf = this.#shelves.get(lease.router) ?? { leases: new Set(), bytes: 0 }
    this.#shelves.set(lease.router, shelf)
    shelf.leases.add(lease)
    shelf.bytes += lease.bytes
    this.#leases.add(lease)
    this.#bytes += lease.bytes
    this.#arm()
    if (this.#leases.size > this.#countMax || this.#bytes > this.#bytesMax) this.#evict()
  }

  delete(lease: Lease): void {
    if (!this.#leases.delete(lease)) return
    this.#bytes -= lease.bytes
    const shelf = this.#shelves.get(lease.router)
    if (shelf !== undefined) {
      shelf.leases.delete(lease)
      shelf.bytes -= lease.bytes
      if (shelf.leases.size === 0) this.#shelves.delete(lease.router)
    }
    if (this.#leases.size > 0) return
    for (const wake of this.#whenEmpty) wake()
  }

  all(): Lease[] {
    return [...this.#leases]
  }

  /** Resolves when none is left, or after a while. */
  async drained(withinMs: number): Promise<void> {
    if (this.#leases.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenEmpty.add(resolve)
    const cancel = this.#clock.after(withinMs, resolve)
    await promise
    cancel()
    this.#whenEmpty.delete(resolve)
  }

  /** No timer outlives this. */
  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #evict(): void {
    const dropped: Lease[] = []
    while (this.#leases.size > this.#countMax || this.#bytes > this.#bytesMax) {
      const [oldest] = this.#fullest()
      if (oldest === undefined) break
      this.delete(oldest)
      dropped.push(oldest)
    }
    this.#onDropped(dropped, 'evicted')
  }

  /** Of the router that has most of what there is too much of. */
  #fullest(): Iterable<Lease> {
    const isBytes = this.#bytes > this.#bytesMax
    let fullest: Shelf | undefined
    let most = -1
    for (const shelf of this.#shelves.values()) {
      const amount = isBytes ? shelf.bytes : shelf.leases.size
      if (amount <= most) continue
      fullest = shelf
      most = amount
    }
    return fullest?.leases ?? []
  }

  /** One timer for all: it looks at the oldest. */
  #arm(): void {
    if (this.#cancelTimer !== undefined) return
    const [oldest] = this.#leases
    if (oldest === undefined) return
    const leftMs = oldest.endedAtMs + this.#msMax - this.#clock.monotonicMs()
    this.#cancelTimer = this.#clock.after(leftMs, () => {
      this.#cancelTimer = undefined
      this.#expire()
      this.#arm()
    })
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs()
    const dropped: Lease[] = []
    for (const lease of this.#leases) {
      if (nowMs - lease.endedAtMs < this.#msMax) break
      this.delete(lease)
      dropped.push(lease)
    }
    if (dropped.length > 0) this.#onDropped(dropped, 'expired')
  }
}
