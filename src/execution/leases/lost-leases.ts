/**
 * Attempts of which this worker has nothing left but the knowledge that they were here: lost with an
 * earlier run, or their results not asked for in time. A router that asks is told so, for an attempt
 * that began must not pass for one that never came; it is forgotten only once its router has taken note.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import type { JournalEntry } from './journal-entries.ts'

/** An attempt and the last that is known of it. */
export type LostLease = Omit<JournalEntry, 'at_ms' | 'pid'>

export class LostLeases {
  /** By router, then by its name for the attempt; oldest first. */
  readonly #shelves = new Map<string, Map<string, LostLease>>()
  readonly #countMax: number
  #count = 0

  constructor(countMax: number = LIMITS.keptResultsMax) {
    this.#countMax = countMax
  }

  /** @returns what had to be forgotten for it: the oldest of the router that has most of them */
  add(lease: LostLease): LostLease | undefined {
    const shelf = this.#shelves.get(lease.router) ?? new Map<string, LostLease>()
    this.#shelves.set(lease.router, shelf)
    if (!shelf.has(lease.lease_id)) this.#count += 1
    shelf.set(lease.lease_id, lease)
    return this.#count > this.#countMax ? this.#forgetOne() : undefined
  }

  get(router: string, leaseId: string): LostLease | undefined {
    return this.#shelves.get(router)?.get(leaseId)
  }

  /** @returns whether it was there */
  delete({ lease_id: id, router }: LostLease): boolean {
    const shelf = this.#shelves.get(router)
    if (shelf?.delete(id) !== true) return false
    this.#count -= 1
    if (shelf.size === 0) this.#shelves.delete(router)
    return true
  }

  /** Those that a router has to hear of, oldest first. */
  of(router: string): LostLease[] {
    return [...(this.#shelves.get(router)?.values() ?? [])]
  }

  #forgetOne(): LostLease | undefined {
    let fullest: Map<string, LostLease> | undefined
    for (const shelf of this.#shelves.values()) {
      if (shelf.size > (fullest?.size ?? 0)) fullest = shelf
    }
    const [oldest] = fullest?.values() ?? []
    if (oldest !== undefined) this.delete(oldest)
    return oldest
  }
}

/** What a router is told that asks for one. A worker is not at fault for a router that stayed away. */
export function lostError({ event, state }: LostLease): MeshError {
  if (event === 'began') {
    return new MeshError('TASK_LOST', 'it began here and was lost with the last run of this worker')
  }
  if (event === 'ended') {
    return new MeshError(
      'TASK_LOST',
      'it ended here, and its result was lost with this worker’s last run'
    )
  }
  const why = state === 'evicted' ? 'had to make room' : 'was not asked for in time'
  return new MeshError('TASK_LOST', `it ended here, but its result ${why}`, { blame: 'router' })
}
