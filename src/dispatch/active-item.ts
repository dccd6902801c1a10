/**
 * An item that has not ended, in memory: its record, who was tried or would not have it, where it stands in
 * the queue, its attempts that are open, and results that wait for their checks.
 */
import { openCopies, uncheckedCopies } from '../jobs/item-state.ts'
import type { Attempt } from './attempt.ts'
import type { CancelTimer } from '../core/clock.ts'
import type { ItemRecord } from '../jobs/records.ts'
import type { Place } from './wish.ts'
import type { Refusers } from './refusers.ts'
import type { UncheckedResult } from './ports.ts'

export interface ActiveItem {
  record: ItemRecord
  /** Workers to be avoided for it, newest last. */
  tried: readonly string[]
  refusalCount: number
  /** Those that will not have it; most items meet none. */
  refusers: Refusers | undefined
  places: readonly Place[]
  /** Oldest first. */
  attempts: readonly Attempt[]
  results: readonly UncheckedResult[]
  /** Ends the wait for what is to happen next. */
  cancelDelay: CancelTimer | undefined
}

/** Most items have none of a kind, and share these. */
const NONE: readonly never[] = []

export function openItem(record: ItemRecord): ActiveItem {
  return {
    record,
    tried: NONE,
    refusalCount: 0,
    refusers: undefined,
    places: NONE,
    attempts: NONE,
    results: NONE,
    cancelDelay: undefined
  }
}

/** Lets go of what its record, which has changed, does not count on any more. @returns open attempts among it */
export function letGoOfRest(item: ActiveItem): readonly Attempt[] {
  const { attempts, record } = item
  item.places = item.places.filter(({ wish }) => mayBegin(record, wish.role === 'primary'))
  if (item.results.length > 0) {
    const unchecked = new Set(uncheckedCopies(record).map(({ attempt }) => attempt))
    item.results = item.results.filter(({ attempt }) => unchecked.has(attempt))
  }
  if (attempts.length === 0) return NONE
  const open = new Set(openCopies(record).map(({ attempt }) => attempt))
  item.attempts = attempts.filter((attempt) => open.has(attempt.record.number))
  return attempts.filter((attempt) => !open.has(attempt.record.number))
}

/** Whether the item may be sent to a worker now: for the first time or again, or as one more copy. */
export function mayBegin({ ending, state }: ItemRecord, isPrimary: boolean): boolean {
  return isPrimary ? state === 'queued' : state === 'running' && ending === null
}
