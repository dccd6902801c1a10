/** A decision record as rows to draw: what each term added to a candidate's cost, who was refused, where the draw fell. Pure. */
import type { DecisionCandidate, DecisionRecord } from '../../model/generated/decision.ts'

export interface CostPart {
  term: string
  /** Milliseconds, by the term's factor and the candidate's preference: they sum to its cost. */
  ms: number
}

export interface CostRow {
  candidate: DecisionCandidate
  parts: readonly CostPart[]
  /** Share of the scale, above 1 where it reaches beyond it. */
  ratio: number
}

export interface DrawRow {
  peer: string
  fromRatio: number
  toRatio: number
  isChosen: boolean
}

export interface Placement {
  /** Those that could be chosen, and those that had no room, the best first. */
  rows: readonly CostRow[]
  refused: readonly DecisionCandidate[]
  /** In the order in which the rows have them. */
  terms: readonly string[]
  scaleMs: number
  draw: readonly DrawRow[]
}

/** A candidate that costs far more than the others must not make these too small to see. */
const SCALE_TO_BEST_MAX = 12

export function layPlacement(decision: DecisionRecord): Placement {
  const fitting = decision.candidates.filter(({ verdict }) => verdict !== 'rejected')
  const ordered = fitting.toSorted(
    (one, other) =>
      rankOf(one) - rankOf(other) ||
      one.cost_ms - other.cost_ms ||
      one.peer_id.localeCompare(other.peer_id)
  )
  const costs = ordered.map(({ cost_ms }) => cost_ms)
  const scaleMs = Math.max(
    1e-9,
    Math.min(Math.max(...costs, 0), Math.min(...costs) * SCALE_TO_BEST_MAX)
  )
  const rows = ordered.map((candidate) => ({
    candidate,
    parts: partsOf(candidate, decision.factors),
    ratio: candidate.cost_ms / scaleMs
  }))
  const terms = [...new Set(rows.flatMap(({ parts }) => parts.map(({ term }) => term)))]
  return {
    rows,
    refused: decision.candidates.filter(({ verdict }) => verdict === 'rejected'),
    terms,
    scaleMs,
    draw: drawOf(ordered)
  }
}

/** Chosen first, then by tier; whoever was full comes after those with room. */
function rankOf({ tier = 0, verdict }: DecisionCandidate): number {
  return (verdict === 'full' ? 100 : 0) + tier
}

function partsOf(
  { preference = 1, terms }: DecisionCandidate,
  factors: Readonly<Record<string, number>>
): CostPart[] {
  return Object.entries(terms).map(([term, { ms }]) => ({
    term,
    ms: ms * (factors[term] ?? 1) * preference
  }))
}

function drawOf(candidates: readonly DecisionCandidate[]): DrawRow[] {
  let at = 0
  return candidates
    .filter(({ probability = 0 }) => probability > 0)
    .map(({ peer_id, probability = 0, verdict }) => {
      const fromRatio = at
      at += probability
      return { peer: peer_id, fromRatio, toRatio: at, isChosen: verdict === 'chosen' }
    })
}
