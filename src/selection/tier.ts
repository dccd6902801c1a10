/**
 * The order in which workers that have room are considered at all, before any cost: cost decides only within
 * a tier. Where results are to be trusted, workers whose results were found right come before those on
 * probation; where who it is falls by chance, and no cost of risk speaks against those that lose many tasks,
 * these come after those that lose few. With `sameWorker: avoid`, a worker that was tried comes after every
 * untried one that has room. It is still taken rather than waiting for an untried worker that is full: a task
 * never starves for the sake of a wish; `never` is there for those who mean it.
 */
import type { Candidate, SelectionRequest } from './candidate.ts'

/** Lower goes first; `again` is added for workers that were tried. */
export const TIERS = { first: 0, unreliable: 1, probation: 2, again: 3 } as const

/** Of those that are drawn by chance, whoever sees fewer tasks through goes last. */
const RELIABILITY_MIN = 0.8

export function tierOf(request: SelectionRequest, candidate: Candidate): number {
  const { sameWorker, triedWorkers } = request
  const isTried = sameWorker === 'avoid' && triedWorkers.includes(candidate.peerId)
  return placeOf(request, candidate) + (isTried ? TIERS.again : 0)
}

export function isTriedBefore(tier: number): boolean {
  return tier >= TIERS.again
}

/** What keeps it from going first, beside having been tried. */
export function doubtIn(tier: number): 'unreliable' | 'probation' | undefined {
  const place = tier % TIERS.again
  if (place === TIERS.first) return undefined
  return place === TIERS.probation ? 'probation' : 'unreliable'
}

function placeOf(
  { isByChance = false, trust }: SelectionRequest,
  { prospect, tier }: Candidate
): number {
  if (trust === 'trusted_first' && tier !== 'trusted') return TIERS.probation
  return isByChance && prospect < RELIABILITY_MIN ? TIERS.unreliable : TIERS.first
}
