/**
 * The record of a decision: every worker's place in it, with the reason and every term of its cost.
 * Built after the pick, from the same figures, so it can't say anything else than what was decided, and whole
 * enough that the pick can be made again from it (replay.ts). It lists the chosen worker, then those that
 * could have been, then full ones, then some of the refused; the counts cover all.
 */
import { codeOfPlace, codeOfRoom, describePlace, notesOn } from './reasons.ts'
import { describeRefusal } from './rule.ts'
import { describeNoRoom, freeSlots, isRoom, roomOf, tasksOf } from './room.ts'
import { firstRefusal } from './compile.ts'
import { tierOf } from './tier.ts'
import { roundMs } from './cost.ts'
import { scoreTerms, weightedScore } from './scores.ts'
import { toFigure } from './figures.ts'
import { pickCountOf, weigh } from './pick.ts'
import type { DecisionCandidate, DecisionRecord } from '../model/generated/decision.ts'
import type { Candidate, Circumstances, ScorePart } from './candidate.ts'
import type { Choice, Contender, RefusedGroup } from './pick.ts'
import type { CompiledRequest } from './compile.ts'
import type { CostParts } from './cost.ts'
import type { Rate } from '../model/generated/api-peer.ts'

/** Changes whenever the same figures would lead to another choice. */
export const POLICY = 'expected-completion-time/2'

/** Full and refused workers get this many lines each, if there are so many, however many could run it. */
const OTHERS_LISTED_MIN = 5

/** What every row is made from. */
interface View {
  compiled: CompiledRequest
  choice: Choice
  circumstances: Circumstances
}

/** @param listedMax how many workers are listed at most */
export function explainPick(
  compiled: CompiledRequest,
  choice: Choice,
  circumstances: Circumstances,
  { consideredCount, listedMax }: { consideredCount: number; listedMax: number }
): DecisionRecord {
  const { factors, preset, request, rules, weights } = compiled
  const { chosen, isExploration, newcomer } = choice
  const refused = refusedByCode(choice)
  const view: View = { compiled, choice, circumstances }
  return {
    at_ms: circumstances.nowMs,
    policy: POLICY,
    preset,
    weights: { ...weights },
    factors: { ...factors },
    task_type: request.taskType,
    work_ms: roundMs(circumstances.workMs),
    ...bytesOf(circumstances),
    pick: pickText(pickCountOf(request)),
    draw: chosen === undefined ? null : circumstances.draw,
    chosen: chosen?.peerId ?? null,
    ...(isExploration ? { exploration: true } : {}),
    ...(newcomer === undefined ? {} : { newcomer: newcomer.peerId }),
    considered: consideredCount,
    filters: [...new Set(rules.map(({ code }) => code))],
    rejected: Object.fromEntries(refused.map(({ count, rule }) => [rule.code, count])),
    full: choice.fullCount,
    candidates: listCandidates(view, refused, listedMax)
  }
}

function pickText(pickCount: number | 'all'): string {
  if (pickCount === 'all') return 'chance'
  return pickCount === 1 ? 'best' : `top${pickCount}`
}

/** The row of any worker, listed or not. */
export function rowFor(view: View, candidate: Candidate): DecisionCandidate {
  const { need, rules } = view.compiled
  if (firstRefusal(rules, candidate) !== undefined) return rowOfRefused(view, candidate)
  if (!isRoom(roomOf(candidate, need))) return rowOfFull(view, candidate)
  return rowOfContender(view, candidate)
}

/** Its reason code alone, which costs a tenth of that. */
export function codeIn(
  { need, request, rules }: CompiledRequest,
  choice: Choice,
  candidate: Candidate
): string {
  const refusal = firstRefusal(rules, candidate)
  if (refusal !== undefined) return refusal.code
  const room = roomOf(candidate, need)
  if (!isRoom(room)) return codeOfRoom(room)
  return codeOfPlace(choice, candidate.peerId, tierOf(request, candidate))
}

/** Conditions have one code together. */
function refusedByCode({ refused }: Choice): RefusedGroup[] {
  const groups = new Map<string, RefusedGroup>()
  for (const { count, first, rule } of refused.values()) {
    const known = groups.get(rule.code)
    if (known === undefined) groups.set(rule.code, { rule, count, first: [...first] })
    else {
      known.count += count
      known.first.push(...first)
    }
  }
  for (const { first } of groups.values()) first.sort(byPeer)
  return [...groups.values()].toSorted(({ rule: left }, { rule: right }) =>
    left.code < right.code ? -1 : 1
  )
}

function listCandidates(
  view: View,
  refused: readonly RefusedGroup[],
  listedMax: number
): DecisionCandidate[] {
  const { choice } = view
  const { chosen, eligible, full, newcomer } = choice
  const sample = sampleRefused(refused, listedMax)
  const refusedCount = Math.min(sample.length, OTHERS_LISTED_MIN)
  const keptCount = Math.min(full.length, OTHERS_LISTED_MIN) + refusedCount
  const first = [chosen, newcomer].flatMap((one, index, both) =>
    one === undefined || both.findIndex((other) => other?.peerId === one.peerId) < index ? [] : one
  )
  const firstPeers = new Set(first.map(({ peerId }) => peerId))
  const rest = eligible.filter(({ peerId }) => !firstPeers.has(peerId))
  const able = [...first, ...rest.slice(0, Math.max(0, listedMax - keptCount - first.length))]
  const fullCount = listedMax - able.length - refusedCount
  const fullRows = full.slice(0, fullCount).map((contender) => rowOfFull(view, contender.candidate))
  const leftCount = listedMax - able.length - fullRows.length
  return [
    ...able.map(({ candidate }) => rowOfContender(view, candidate)),
    ...fullRows,
    ...sample.slice(0, leftCount).map((candidate) => rowOfRefused(view, candidate))
  ]
}

/** One of each code, then the second of each, and so on: the few that are shown cover every reason. */
function sampleRefused(groups: readonly RefusedGroup[], countMax: number): Candidate[] {
  const sample: Candidate[] = []
  const longest = Math.max(0, ...groups.map(({ first }) => first.length))
  for (let index = 0; index < longest && sample.length < countMax; index += 1) {
    for (const { first } of groups) {
      const candidate = first[index]
      if (candidate !== undefined) sample.push(candidate)
    }
  }
  return sample
}

function rowOfContender(view: View, candidate: Candidate): DecisionCandidate {
  const { choice, circumstances, compiled } = view
  const { peerId } = candidate
  const { chosen, eligible } = choice
  const rank = eligible.findIndex((one) => one.peerId === peerId) + 1
  const { row, contender } = rowOf(view, candidate)
  const { draw } = circumstances
  const reason = describePlace(compiled.request, choice, contender, { rank, draw })
  return {
    ...row,
    verdict: peerId === chosen?.peerId ? 'chosen' : 'eligible',
    reason: reason + notesOn(compiled, candidate),
    reason_code: codeOfPlace(choice, peerId, contender.tier),
    probability: toFigure(chanceOf(choice, peerId))
  }
}

function chanceOf({ chances, newcomer, newcomerChance, pool }: Choice, peerId: string): number {
  const drawn = chances[pool.findIndex((one) => one.peerId === peerId)] ?? 0
  return drawn + (newcomer?.peerId === peerId ? newcomerChance : 0)
}

function rowOfFull(view: View, candidate: Candidate): DecisionCandidate {
  const { need } = view.compiled
  return {
    ...rowOf(view, candidate).row,
    verdict: 'full',
    reason: describeNoRoom(candidate, need) + notesOn(view.compiled, candidate),
    reason_code: codeOfRoom(roomOf(candidate, need))
  }
}

function rowOfRefused(view: View, candidate: Candidate): DecisionCandidate {
  const refusals = view.compiled.rules.filter((rule) => rule.refuses(candidate))
  return {
    ...rowOf(view, candidate).row,
    verdict: 'rejected',
    reason: refusals.map((rule) => describeRefusal(rule, candidate)).join('; '),
    reason_code: refusals[0]?.code ?? '',
    refused_by: [...new Set(refusals.map(({ code }) => code))]
  }
}

type Row = Omit<DecisionCandidate, 'verdict' | 'reason' | 'reason_code'>

function rowOf(
  { choice, circumstances, compiled }: View,
  candidate: Candidate
): { row: Row; contender: Contender } {
  const { request, weights } = compiled
  const contender = weigh(compiled, candidate, circumstances)
  const { cost, parts, preference, tier } = contender
  const bestCost = choice.eligible[0]?.cost ?? 0
  const row = {
    peer_id: candidate.peerId,
    terms: scoreTerms(candidate, weights, costByPart(parts), request.inputs),
    ...(tier === 0 ? {} : { tier }),
    ...(preference === 1 ? {} : { preference }),
    ...wayOf(candidate),
    ...(parts.moveMs === 0 ? {} : { move_ms: toFigure(parts.moveMs) }),
    cost_ms: toFigure(cost),
    wait_ms: toFigure(parts.waitMs),
    run_ms: toFigure(parts.runMs),
    crowd_ms: toFigure(parts.crowdMs),
    prospect: Math.max(0, Math.min(1, toFigure(candidate.prospect))),
    score: cost > 0 ? toFigure(Math.min(1, bestCost / cost)) : 1,
    weighted_score: toFigure(weightedScore(candidate, weights, request.inputs)),
    tasks: Math.max(0, toFigure(tasksOf(candidate))),
    slots: Math.max(0, toFigure(candidate.slots)),
    free_slots: toFigure(freeSlots(candidate))
  }
  return { row, contender }
}

function costByPart(parts: CostParts): Record<ScorePart, number> {
  return {
    cpu: roundMs(parts.waitMs + parts.runMs + parts.crowdMs),
    memory: parts.memoryMs,
    disk: parts.diskMs,
    gpu: parts.gpuMs,
    latency: roundMs(parts.latencyMs + parts.moveMs),
    reputation: parts.riskMs,
    data: parts.dataMs
  }
}

/** What most tasks have little of is left out. */
function bytesOf({
  returnBytes = 0,
  sendBytes = 0
}: Circumstances): Pick<DecisionRecord, 'send_bytes' | 'return_bytes'> {
  return {
    ...(sendBytes > 0 ? { send_bytes: Math.round(sendBytes) } : {}),
    ...(returnBytes > 0 ? { return_bytes: Math.round(returnBytes) } : {})
  }
}

/** By which way it is reached; how fast that is, where something was moved. */
function wayOf({
  ages,
  bytesPerMsFrom: from,
  bytesPerMsTo: to,
  path
}: Candidate): Pick<DecisionCandidate, 'path' | 'bandwidth'> {
  if (path === undefined) return {}
  if (to === undefined && from === undefined) return { path }
  return {
    path,
    bandwidth: {
      ...(to === undefined ? {} : { to: rateOf(to, ages.bytesToMs) }),
      ...(from === undefined ? {} : { from: rateOf(from, ages.bytesFromMs) })
    }
  }
}

const MS_PER_SECOND = 1_000

function rateOf(bytesPerMs: number, ageMs: number): Rate {
  const age = Math.max(0, Math.round(toFigure(ageMs)))
  return { bytes_per_second: Math.round(toFigure(bytesPerMs * MS_PER_SECOND)), age_ms: age }
}

function byPeer(left: Candidate, right: Candidate): number {
  return left.peerId < right.peerId ? -1 : 1
}
