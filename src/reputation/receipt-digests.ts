/**
 * What a router says of the receipts that it counted, in a few bytes for each worker: a chain of hashes over all
 * of the last hour, in the order in which they were counted. Who has heard that can later hold an export to it:
 * no receipt of that time can be left out, added or replaced any more.
 */
import { hash } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import { RecentMap } from '../core/recent-map.ts'

export interface ReceiptDigest {
  /** When the first of them was counted. */
  sinceMs: number
  count: number
  /** In hex: of the digest before it and the receipt as it is stored, for one after the other. */
  sha256: string
}

/** Then a chain begins anew. */
const CHAIN_MS = 3_600_000

/** Of workers that gave receipts; the one that did so longest ago is forgotten. */
export class ReceiptDigests {
  readonly #digests = new RecentMap<string, ReceiptDigest>(LIMITS.experienceWorkersMax)

  add(worker: string, receipt: string, nowMs: number): void {
    const known = this.#digests.get(worker)
    const isOver = known === undefined || nowMs - known.sinceMs >= CHAIN_MS
    this.#digests.set(worker, chained(isOver ? beginning(nowMs) : known, receipt))
  }

  of(worker: string): ReceiptDigest | undefined {
    return this.#digests.get(worker)
  }
}

/** Follows a chain that was heard of through the receipts of an export. */
export class ChainCheck {
  readonly #heard: ReceiptDigest
  #found: ReceiptDigest

  constructor(heard: ReceiptDigest) {
    this.#heard = heard
    this.#found = beginning(heard.sinceMs)
  }

  take(receipt: string, atMs: number): void {
    const { count, sinceMs } = this.#heard
    if (atMs >= sinceMs && this.#found.count < count) this.#found = chained(this.#found, receipt)
  }

  get isSame(): boolean {
    return this.#found.count === this.#heard.count && this.#found.sha256 === this.#heard.sha256
  }
}

function beginning(sinceMs: number): ReceiptDigest {
  return { sinceMs, count: 0, sha256: '' }
}

function chained({ count, sha256, sinceMs }: ReceiptDigest, receipt: string): ReceiptDigest {
  return { sinceMs, count: count + 1, sha256: hash('sha256', sha256 + receipt) }
}
