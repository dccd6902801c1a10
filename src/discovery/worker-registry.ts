/**
 * The workers that a bootstrap has heard of lately, by the presence that it passes on anyway: in memory, each with
 * its own signed record, until it is silent for longer than it said that it may be believed. It shortens a search
 * and is never the only way to find anybody: what it leaves out, gossip and the DHT still have.
 */
import { LIMITS } from '../core/limits.ts'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { WorkerNews } from './presence-kind.ts'

/** One worker that was heard of. */
export interface Registered {
  readonly peer: string
  record: CapabilityRecord
  /** The record as the worker has signed it. */
  sealed: Uint8Array
  /** Number of the last message. */
  seq: number
  untilMs: number
}

export interface RegistryBounds {
  /** Workers in all namespaces. @default LIMITS.registryWorkersMax */
  workersMax?: number
  /** Their records. @default LIMITS.registryBytesMax */
  bytesMax?: number
}

interface Shelf {
  workers: Map<string, Registered>
  /** By peer id; undefined when one has come or gone. */
  sorted: readonly Registered[] | undefined
}

/** All are looked at again after so long; in between some may be shown that have just run out. */
const SWEEP_MS = 5_000

export class WorkerRegistry {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #bounds: Required<RegistryBounds>
  readonly #shelves = new Map<string, Shelf>()
  #count = 0
  #bytes = 0
  #sweptAtMs = -Infinity

  constructor({ clock }: { clock: Pick<Clock, 'monotonicMs'> }, bounds: RegistryBounds = {}) {
    this.#clock = clock
    this.#bounds = {
      workersMax: bounds.workersMax ?? LIMITS.registryWorkersMax,
      bytesMax: bounds.bytesMax ?? LIMITS.registryBytesMax
    }
  }

  /** Workers in all namespaces, and the bytes of their records. */
  get size(): { workers: number; bytes: number } {
    return { workers: this.#count, bytes: this.#bytes }
  }

  /** What a worker has published; signature, namespace and membership are checked. */
  take({ namespace, peer_id: peer, said, seq, ttl_s: ttlS }: WorkerNews): void {
    const known = this.#shelves.get(namespace)?.workers.get(peer)
    // By whatever way an older message comes, it does not count any more.
    if (known !== undefined && seq <= known.seq) return
    const untilMs = this.#clock.monotonicMs() + ttlS * 1_000
    if (said !== undefined) return this.#put(namespace, { peer, ...said, seq, untilMs })
    // A beat of one whose record was missed: the next record is not far.
    if (known === undefined) return
    known.seq = seq
    known.untilMs = untilMs
  }

  /** How many a namespace has. */
  count(namespace: string): number {
    this.#sweep()
    return this.#shelves.get(namespace)?.workers.size ?? 0
  }

  /** Those of a namespace, by peer id. */
  list(namespace: string): readonly Registered[] {
    this.#sweep()
    const shelf = this.#shelves.get(namespace)
    if (shelf === undefined) return []
    shelf.sorted ??= [...shelf.workers.values()].toSorted(byPeer)
    return shelf.sorted
  }

  #put(namespace: string, { sealed, ...news }: Registered): void {
    this.#sweep()
    const known = this.#shelves.get(namespace)?.workers.get(news.peer)
    const moreBytes = sealed.byteLength - (known?.sealed.byteLength ?? 0)
    if (!this.#hasRoom(moreBytes, known === undefined)) return
    this.#bytes += moreBytes
    // A copy: what came is part of whatever came with it.
    const worker = { ...news, sealed: sealed.slice() }
    if (known !== undefined) {
      Object.assign(known, worker)
      return
    }
    const shelf = this.#shelves.get(namespace) ?? { workers: new Map(), sorted: undefined }
    this.#shelves.set(namespace, shelf)
    shelf.workers.set(worker.peer, worker)
    shelf.sorted = undefined
    this.#count += 1
  }

  /** Whoever is here stays, so that nobody can push the honest out by inventing others. */
  #hasRoom(moreBytes: number, isNew: boolean): boolean {
    const { bytesMax, workersMax } = this.#bounds
    return this.#bytes + moreBytes <= bytesMax && !(isNew && this.#count >= workersMax)
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const [namespace, shelf] of this.#shelves) {
      for (const worker of shelf.workers.values()) {
        if (worker.untilMs > nowMs) continue
        shelf.workers.delete(worker.peer)
        shelf.sorted = undefined
        this.#count -= 1
        this.#bytes -= worker.sealed.byteLength
      }
      if (shelf.workers.size === 0) this.#shelves.delete(namespace)
    }
  }
}

/** As cursors compare them: by their letters' numbers, whatever the machine's language. */
function byPeer(left: Registered, right: Registered): number {
  if (left.peer === right.peer) return 0
  return left.peer < right.peer ? -1 : 1
}
