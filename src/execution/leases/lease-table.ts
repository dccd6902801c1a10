/** The leases that a worker holds, by their routers: each router sees its own alone. Plain bookkeeping. */
import type { Lease } from './lease.ts'

interface Shelf {
  byId: Map<string, Lease>
  /** The attempt that counts of each item; only such as have not ended. */
  byItem: Map<string, Lease>
}

export class LeaseTable {
  readonly #shelves = new Map<string, Shelf>()

  get(router: string, id: string): Lease | undefined {
    return this.#shelves.get(router)?.byId.get(id)
  }

  /** The attempt of the same item that has not ended. */
  rivalOf(lease: Lease): Lease | undefined {
    return this.#shelves.get(lease.router)?.byItem.get(lease.item)
  }

  add(lease: Lease): void {
    let shelf = this.#shelves.get(lease.router)
    if (shelf === undefined) {
      shelf = { byId: new Map(), byItem: new Map() }
      this.#shelves.set(lease.router, shelf)
    }
    shelf.byId.set(lease.id, lease)
    shelf.byItem.set(lease.item, lease)
  }

  /** It stands in nobody's way any more, but can be asked for. */
  ended(lease: Lease): void {
    const shelf = this.#shelves.get(lease.router)
    if (shelf?.byItem.get(lease.item) === lease) shelf.byItem.delete(lease.item)
  }

  delete(lease: Lease): void {
    this.ended(lease)
    const shelf = this.#shelves.get(lease.router)
    shelf?.byId.delete(lease.id)
    if (shelf?.byId.size === 0) this.#shelves.delete(lease.router)
  }

  /** Oldest first. */
  of(router: string): Lease[] {
    return [...(this.#shelves.get(router)?.byId.values() ?? [])]
  }

  /** Those that have not ended. */
  liveOf(router: string): Lease[] {
    return [...(this.#shelves.get(router)?.byItem.values() ?? [])]
  }
}
