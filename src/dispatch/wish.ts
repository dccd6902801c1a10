/** What an item wants a worker for: to run it, or to run one more copy of it, and then far from the others. */
import type { AttemptRole } from '../jobs/records.ts'
import type { SelectionRequest } from '../selection/candidate.ts'

/** Where a copy must not go, beside the workers that have another one. */
export interface Apart {
  workers: readonly string[]
  /** What workers have in common that do not vouch for each other: an owner, a network. */
  groups: readonly string[]
  trust: SelectionRequest['trust']
}

export interface Wish {
  role: AttemptRole
  apart: Apart
}

/** Where an item stands in the queue. */
export interface Place {
  /** Which one of the job's it is: an item that is queued anew has another one. */
  number: number
  /** Equal for what asks for the same of a worker. */
  lane: string
  wish: Wish
  /** When it came there. */
  sinceMs: number
}

export const ANYWHERE: Apart = { workers: [], groups: [], trust: 'any' }

/** Of an item that runs nowhere. */
export const TO_RUN: Wish = { role: 'primary', apart: ANYWHERE }

/** Of one whose results are to be compared. */
export const TO_CHECK: Wish = { role: 'check', apart: ANYWHERE }

/** Of one that takes unusually long. */
export const TO_BACK_UP: Wish = { role: 'backup', apart: ANYWHERE }
