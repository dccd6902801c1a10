/**
 * The pick itself, in numbers only. The best few workers of the best tier are drawn from with a chance
 * in proportion to score × free share. Always taking the best would send every router to the same worker
 * on news that is a second old; drawing spreads them, and the free share fills machines evenly.
 */
import { firstRefusal } from './compile.ts'
import { preferenceOf } from './preference.ts'
import { insertSorted, isBefore } from './ranking.ts'
import { freeShare } from './room.ts'
import { clampToUnit, weightedScore } from './scores.ts'
import { TIERS, canRun, tierOf } from './tier.ts'
import type { Candidate } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Ranked } from './ranking.ts'
import type { Tier } from './tier.ts'

/** A worker with room, in the order of workers. */
export interface Contender extends Ranked {
  tier: Tier
  candidate: Candidate
  probability: number
}

export interface Pick {
  chosen: Contender | undefined
  /** Whom it was drawn from, best first. Their probabilities sum to 1. */
  pool: readonly Contender[]
  refusedCount: number
  fullCount: number
  /** Whether some worker that fits has a free slot, drawn from or not. */
  canStart: boolean
}

export function pickWorker(
  compiled: CompiledRequest,
  candidates: readonly Candidate[],
  draw: number
): Pick {
  const pool: Contender[] = []
  const { pickCount } = compiled.request.route
  let best: Tier = TIERS.noRoom
  let refusedCount = 0
  let fullCount = 0
  let canStart = false
  for (const candidate of candidates) {
    if (firstRefusal(compiled.rules, candidate) !== undefined) {
      refusedCount += 1
      continue
    }
    const tier = tierOf(compiled, candidate)
    canStart ||= canRun(tier)
    if (tier === TIERS.noRoom) fullCount += 1
    // A worse tier than the best seen so far cannot be drawn from, so it needs no score.
    else if (tier <= best) {
      if (tier < best) pool.length = 0
      best = tier
      insertSorted(pool, contend(compiled, candidate, tier), pickCount, isBefore)
    }
  }
  setProbabilities(pool)
  return { chosen: drawFrom(pool, draw), pool, refusedCount, fullCount, canStart }
}

export function contend(compiled: CompiledRequest, candidate: Candidate, tier: Tier): Contender {
  const { request, weights } = compiled
  const base = weightedScore(candidate, weights, request.inputs)
  const preference = preferenceOf(candidate, request.placement.prefer, base)
  const score = clampToUnit(base + preference)
  return { tier, score, peerId: candidate.peerId, candidate, probability: 0 }
}

function setProbabilities(pool: readonly Contender[]): void {
  let sum = 0
  for (const contender of pool) {
    const { candidate, tier } = contender
    contender.probability = contender.score * freeShare(candidate, canRun(tier) ? 'run' : 'queue')
    sum += contender.probability
  }
  for (const contender of pool) {
    // Where all score 0 (such as by GPU alone, and nobody has one) each has the same chance.
    contender.probability = sum > 0 ? contender.probability / sum : 1 / pool.length
  }
}

function drawFrom(pool: readonly Contender[], draw: number): Contender | undefined {
  let rest = draw
  let chosen: Contender | undefined
  for (const contender of pool) {
    if (contender.probability === 0) continue
    // Rounding may leave a rest after the last one; then the last one that had a chance it is.
    chosen = contender
    rest -= contender.probability
    if (rest < 0) break
  }
  return chosen
}
