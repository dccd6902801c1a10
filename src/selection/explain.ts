/**
 * The record of a decision: every worker's place in it, with the reason and every term of its score.
 * Built after the pick, from the same figures, so it can't say anything else than what was decided.
 * It lists the chosen worker, then those that could have been, then full ones, then some of the refused;
 * the counts cover all.
 */
import { LIMITS } from '../core/limits.ts'
import { firstRefusal } from './compile.ts'
import { contend } from './pick.ts'
import { insertSorted, isBefore } from './ranking.ts'
import { describePlace, describeRoom, notesOn } from './reasons.ts'
import { freeSlots } from './room.ts'
import { describeRefusal } from './rule.ts'
import { scoreTerms, weightedScore } from './scores.ts'
import { TIERS, tierOf } from './tier.ts'
import type { DecisionCandidate, DecisionRecord } from '../model/generated/decision.ts'
import type { Candidate } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Contender, Pick } from './pick.ts'

/** Changes whenever the same figures would lead to another choice. */
const POLICY = 'weighted-top-k/1'

/** Full and refused workers get this many lines each, if there are so many, however many could run it. */
const OTHERS_LISTED_MIN = 5

export interface Moment {
  draw: number
  nowMs: number
}

export function explainPick(
  compiled: CompiledRequest,
  candidates: readonly Candidate[],
  pick: Pick,
  { draw, nowMs }: Moment
): DecisionRecord {
  const { request, preset, weights } = compiled
  const { pickCount } = request.route
  const sorted = sortOut(compiled, candidates)
  return {
    at_ms: nowMs,
    policy: POLICY,
    preset,
    weights: { ...weights },
    pick: pickCount === 1 ? 'best' : `top${pickCount}`,
    draw: pick.chosen === undefined ? null : draw,
    chosen: pick.chosen?.peerId ?? null,
    considered: candidates.length,
    rejected: Object.fromEntries(
      sorted.refused.map(({ code, count }): [string, number] => [code, count])
    ),
    candidates: listCandidates(compiled, pick, sorted, draw)
  }
}

/** The refused under one code: how many, and the first few of them by peer id. */
interface RefusedGroup {
  code: string
  count: number
  first: Candidate[]
}

/** The first few of each kind, in order; `refused` by code. */
interface Sorted {
  eligible: Contender[]
  full: Contender[]
  refused: RefusedGroup[]
}

function sortOut(compiled: CompiledRequest, candidates: readonly Candidate[]): Sorted {
  const eligible: Contender[] = []
  const full: Contender[] = []
  const groups = new Map<string, RefusedGroup>()
  for (const candidate of candidates) {
    const refusal = firstRefusal(compiled.rules, candidate)
    if (refusal === undefined) {
      const tier = tierOf(compiled, candidate)
      const list = tier === TIERS.noRoom ? full : eligible
      insertSorted(list, contend(compiled, candidate, tier), LIMITS.decisionCandidatesMax, isBefore)
    } else {
      const group = groups.get(refusal.code) ?? { code: refusal.code, count: 0, first: [] }
      groups.set(refusal.code, group)
      group.count += 1
      insertSorted(group.first, candidate, LIMITS.decisionCandidatesMax, hasEarlierId)
    }
  }
  const refused = [...groups.values()].toSorted((left, right) => (left.code < right.code ? -1 : 1))
  return { eligible, full, refused }
}

function listCandidates(
  compiled: CompiledRequest,
  pick: Pick,
  { eligible, full, refused }: Sorted,
  draw: number
): DecisionCandidate[] {
  const { chosen } = pick
  const countMax = LIMITS.decisionCandidatesMax
  const sample = sampleRefused(refused)
  const kept = Math.min(full.length, OTHERS_LISTED_MIN) + Math.min(sample.length, OTHERS_LISTED_MIN)
  const rows: DecisionCandidate[] = []
  if (chosen !== undefined) rows.push(rowOfContender(compiled, pick, chosen, { rank: 0, draw }))
  eligible.forEach((contender, index) => {
    if (contender.peerId === chosen?.peerId || rows.length >= countMax - kept) return
    rows.push(rowOfContender(compiled, pick, contender, { rank: index + 1, draw }))
  })
  const fullCountMax = countMax - rows.length - Math.min(sample.length, OTHERS_LISTED_MIN)
  for (const contender of full.slice(0, fullCountMax)) rows.push(rowOfFull(compiled, contender))
  for (const candidate of sample.slice(0, countMax - rows.length)) {
    rows.push(rowOfRefused(compiled, candidate))
  }
  return rows
}

/** One of each code, then the second of each, and so on: the few that are shown cover every reason. */
function sampleRefused(groups: readonly RefusedGroup[]): Candidate[] {
  const sample: Candidate[] = []
  for (let index = 0; index < LIMITS.decisionCandidatesMax; index += 1) {
    for (const { first } of groups) {
      const candidate = first[index]
      if (candidate !== undefined) sample.push(candidate)
    }
  }
  return sample
}

function rowOfContender(
  compiled: CompiledRequest,
  pick: Pick,
  contender: Contender,
  place: { rank: number; draw: number }
): DecisionCandidate {
  const { code, reason } = describePlace(compiled, pick, contender, place)
  const probability = pick.pool.find(({ peerId }) => peerId === contender.peerId)?.probability ?? 0
  return {
    ...rowOf(compiled, contender.candidate, contender.score),
    verdict: contender.peerId === pick.chosen?.peerId ? 'chosen' : 'eligible',
    reason: reason + notesOn(compiled, contender.candidate),
    reason_code: code,
    probability
  }
}

function rowOfFull(compiled: CompiledRequest, { candidate, score }: Contender): DecisionCandidate {
  const { code, reason } = describeRoom(compiled, candidate)
  return {
    ...rowOf(compiled, candidate, score),
    verdict: 'full',
    reason: reason + notesOn(compiled, candidate),
    reason_code: code
  }
}

function rowOfRefused(compiled: CompiledRequest, candidate: Candidate): DecisionCandidate {
  const refusals = compiled.rules.filter((rule) => rule.refuses(candidate))
  return {
    ...rowOf(compiled, candidate, contend(compiled, candidate, TIERS.noRoom).score),
    verdict: 'rejected',
    reason: refusals.map((rule) => describeRefusal(rule, candidate)).join('; '),
    reason_code: refusals[0]?.code ?? ''
  }
}

function rowOf(
  { request: { inputs }, weights }: CompiledRequest,
  candidate: Candidate,
  score: number
): Omit<DecisionCandidate, 'verdict' | 'reason' | 'reason_code'> {
  return {
    peer_id: candidate.peerId,
    terms: scoreTerms(candidate, weights, inputs),
    preference: score - weightedScore(candidate, weights, inputs),
    score,
    free_slots: freeSlots(candidate)
  }
}

function hasEarlierId(left: Candidate, right: Candidate): boolean {
  return left.peerId < right.peerId
}
