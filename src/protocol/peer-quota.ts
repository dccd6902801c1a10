/** Counts what strangers make this node hold, each peer on its own and all together, and says when it is enough. */

export interface PeerQuotaLimits {
  perPeerMax: number
  totalMax: number
}

export class PeerQuota {
  readonly #limits: PeerQuotaLimits
  readonly #held = new Map<string, number>()
  #total = 0

  constructor(limits: PeerQuotaLimits) {
    this.#limits = limits
  }

  /** Peers that hold anything now. */
  get peerCount(): number {
    return this.#held.size
  }

  /** @returns false, and counts nothing, when the peer or all of them hold too much already */
  take(peer: string, amount: number): boolean {
    const held = (this.#held.get(peer) ?? 0) + amount
    if (held > this.#limits.perPeerMax || this.#total + amount > this.#limits.totalMax) return false
    this.#held.set(peer, held)
    this.#total += amount
    return true
  }

  /** Gives back what was taken. */
  give(peer: string, amount: number): void {
    const held = (this.#held.get(peer) ?? 0) - amount
    this.#total -= amount
    if (held > 0) this.#held.set(peer, held)
    else this.#held.delete(peer)
  }
}
