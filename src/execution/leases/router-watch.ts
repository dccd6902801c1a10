/** Ends the leases of routers that stay away: each may go on for its `lease_ms` without its router, and no longer. */
import { MeshError } from '../../core/errors.ts'
import { formatDuration } from '../../core/units.ts'
import { jobIdsOf } from './lease.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Lease } from './lease.ts'
import type { LeaseTable } from './lease-table.ts'
import type { Logger } from '../../observe/logger.ts'

export interface RouterWatchComponents {
  clock: Clock
  logger: Logger
  table: LeaseTable
}

interface Absence {
  sinceMs: number
  cancelTimer: CancelTimer
}

export class RouterWatch {
  readonly #components: RouterWatchComponents
  readonly #away = new Map<string, Absence>()

  constructor(components: RouterWatchComponents) {
    this.#components = components
  }

  /** The router is not connected: what is held of it has its time from now on, or from when it went. */
  gone(router: string): void {
    const absence = this.#away.get(router)
    absence?.cancelTimer()
    this.#arm(router, absence?.sinceMs ?? this.#components.clock.monotonicMs())
  }

  returned(router: string): void {
    this.#away.get(router)?.cancelTimer()
    this.#away.delete(router)
  }

  /** No timer outlives this. */
  close(): void {
    for (const { cancelTimer } of this.#away.values()) cancelTimer()
    this.#away.clear()
  }

  #endLeases(router: string, sinceMs: number): void {
    const { clock, logger, table } = this.#components
    const nowMs = clock.monotonicMs()
    const over = table.liveOf(router).filter((lease) => dueMs(lease, sinceMs) <= nowMs)
    for (const lease of over) {
      const time = formatDuration(lease.assignment.lease_ms)
      lease.task.stop(new MeshError('TASK_STOPPED', `its router did not come back within ${time}`))
    }
    const fields = { peer: router, count: over.length, jobIds: jobIdsOf(over) }
    if (over.length > 0) logger.warn(fields, 'router away too long: its tasks are ended')
    this.#arm(router, sinceMs)
  }

  #arm(router: string, sinceMs: number): void {
    const { clock, table } = this.#components
    // One that was told to end needs no watching, though it may take a moment.
    const leases = table.liveOf(router).filter(({ task }) => task.stopReason === undefined)
    if (leases.length === 0) return void this.#away.delete(router)
    const nextMs = leases.reduce((least, lease) => Math.min(least, dueMs(lease, sinceMs)), Infinity)
    const cancelTimer = clock.after(Math.max(0, nextMs - clock.monotonicMs()), () =>
      this.#endLeases(router, sinceMs)
    )
    this.#away.set(router, { sinceMs, cancelTimer })
  }
}

/** When a lease's time without its router is over, by the monotonic clock. */
function dueMs({ assignment }: Lease, sinceMs: number): number {
  return sinceMs + assignment.lease_ms
}
