/**
 * Attempts of which this worker has nothing left but the knowledge that they were here: lost with an
 * earlier run, or their results not asked for in time. A router that asks is told so, for an attempt
 * that began must not pass for one that never came; it is forgotten only once its router has taken note.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { leaseKey } from './journal-entries.ts'
import type { JournalEntry } from './journal-entries.ts'

/** An attempt and the last that is known of it. */
export type LostLease = Omit<JournalEntry, 'at_ms' | 'pid'>

export class LostLeases {
  readonly #byKey = new Map<string, LostLease>()

  /** @returns those that had to be forgotten for it */
  add(lease: LostLease): LostLease[] {
    this.#byKey.set(leaseKey(lease), lease)
    const forgotten: LostLease[] = []
    for (const [key, oldest] of this.#byKey) {
      if (this.#byKey.size <= LIMITS.keptResultsMax) break
      this.#byKey.delete(key)
      forgotten.push(oldest)
    }
    return forgotten
  }

  get(router: string, leaseId: string): LostLease | undefined {
    return this.#byKey.get(leaseKey({ router, lease_id: leaseId }))
  }

  /** @returns whether it was there */
  delete(lease: LostLease): boolean {
    return this.#byKey.delete(leaseKey(lease))
  }

  /** Those that a router has to hear of, oldest first. */
  of(router: string): LostLease[] {
    if (this.#byKey.size === 0) return []
    return [...this.#byKey.values()].filter((lease) => lease.router === router)
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
