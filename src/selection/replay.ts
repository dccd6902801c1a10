/**
 * Makes recorded decisions again: from the record alone, by the code that made them, or under other weights
 * or another policy. Who was there, what each part would have cost and where the draw fell stay as they were.
 */
import { drawFrom } from './draw.ts'
import { factorsOf, resolveWeights } from './weights.ts'
import { isBefore } from './ranking.ts'
import { completionMs, totalCost } from './cost.ts'
import type { DecisionCandidate, DecisionRecord } from '../model/generated/decision.ts'
import type { Preset } from '../model/job.ts'
import type { CostParts } from './cost.ts'
import type { InputFiles, ScorePart } from './candidate.ts'
import type { Factors } from './weights.ts'
import type { Drawable } from './draw.ts'

/** The policy of the records themselves, and those that it was measured against. */
export const REPLAY_POLICIES = [
  'expected-completion-time',
  'random',
  'least-in-flight',
  'weighted-score'
] as const
export type ReplayPolicy = (typeof REPLAY_POLICIES)[number]

/** What is to be different; with nothing of it every pick comes out as it was. */
export interface ReplayWish {
  policy?: ReplayPolicy | undefined
  /** As in a job's `route`. */
  preset?: Preset | undefined
  weights?: Readonly<Partial<Record<ScorePart, number>>> | undefined
  pickCount?: number | undefined
}

export interface ReplayedPick {
  recorded: string
  replayed: string
  /** How much later a task was expected to be done there than where it went, by the record's own figures. */
  laterMs: number
  /** Whether all that could have been drawn from are in the record, so that the pick is what it would have been. */
  isWhole: boolean
}

/** Undefined where there is nothing to make again: nobody was chosen, or by a policy that told no milliseconds. */
export function replayDecision(
  record: DecisionRecord,
  wish: ReplayWish = {}
): ReplayedPick | undefined {
  const { chosen, considered, draw, full, policy, rejected } = record
  const able = record.candidates.filter(isAble)
  const before = able.find(({ peer_id }) => peer_id === chosen)
  if (before === undefined || draw === null || !policy.startsWith(REPLAY_POLICIES[0])) {
    return undefined
  }
  const refusedCount = Object.values(rejected).reduce((sum, count) => sum + count, 0)
  const isWhole = able.length >= considered - refusedCount - full
  // Of a draw among all, what the record leaves out changes who a draw falls on; costs don't.
  const isFixed = pickOf(record, wish) === 'all' && wish.policy === undefined && !isWhole
  const after = isFixed ? before : (pickAgain(record, able, draw, wish) ?? before)
  return {
    recorded: before.peer_id,
    replayed: after.peer_id,
    laterMs: doneMs(after) - doneMs(before),
    isWhole
  }
}

function isAble({ verdict }: DecisionCandidate): boolean {
  return verdict === 'chosen' || verdict === 'eligible'
}

function pickAgain(
  record: DecisionRecord,
  able: readonly DecisionCandidate[],
  draw: number,
  wish: ReplayWish
): DecisionCandidate | undefined {
  const first = Math.min(...able.map(tierOf))
  const peers = able
    .filter((row) => tierOf(row) === first)
    .toSorted((left, right) => (left.peer_id < right.peer_id ? -1 : 1))
  switch (wish.policy ?? REPLAY_POLICIES[0]) {
    case 'expected-completion-time':
      return drawAgain(record, able, draw, wish)
    case 'random':
      return peers[Math.floor(draw * peers.length)]
    case 'least-in-flight':
      return leastOf(peers, ({ slots, tasks }) => tasks / slots)
    case 'weighted-score':
      return leastOf(peers, ({ weighted_score }) => -weighted_score)
  }
}

function drawAgain(
  record: DecisionRecord,
  able: readonly DecisionCandidate[],
  draw: number,
  wish: ReplayWish
): DecisionCandidate | undefined {
  const factors = factorsFor(record, wish)
  const ranked = able
    .map((row): Drawable & { row: DecisionCandidate } => ({
      row,
      tier: tierOf(row),
      cost: totalCost(factors, partsOf(row)) * (row.preference ?? 1),
      waitMs: row.wait_ms,
      peerId: row.peer_id
    }))
    .toSorted((left, right) => (isBefore(left, right) ? -1 : 1))
  const newcomer = ranked.find(({ peerId }) => peerId === record.newcomer)
  const pickCount = pickOf(record, wish)
  return drawFrom(ranked, { draw, newcomer, pickCount }).chosen?.row
}

/** Those of the record, unless others are asked for; then as a job that asks for them gets them. */
function factorsFor(record: DecisionRecord, { preset, weights }: ReplayWish): Factors {
  if (preset === undefined && weights === undefined) return record.factors as Factors
  const inputs = record.weights['data'] === undefined ? undefined : NO_INPUTS
  const defaults = { preset: record.preset, weights: record.weights }
  return factorsOf(resolveWeights({ route: { preset, weights }, defaults, inputs }).weights)
}

/** Stands for the inputs of a task where only matters that it has some. */
const NO_INPUTS: InputFiles = { files: [], has: () => false, ageMs: () => 0 }

function partsOf({ crowd_ms, run_ms, terms, wait_ms }: DecisionCandidate): CostParts {
  return {
    // With `move_ms`, which counts by the same factor.
    latencyMs: terms['latency']?.ms ?? 0,
    moveMs: 0,
    waitMs: wait_ms,
    runMs: run_ms,
    crowdMs: crowd_ms,
    memoryMs: terms['memory']?.ms ?? 0,
    diskMs: terms['disk']?.ms ?? 0,
    gpuMs: terms['gpu']?.ms ?? 0,
    dataMs: terms['data']?.ms ?? 0,
    riskMs: terms['reputation']?.ms ?? 0
  }
}

function doneMs(row: DecisionCandidate): number {
  return completionMs(partsOf(row))
}

function tierOf({ tier = 0 }: DecisionCandidate): number {
  return tier
}

/** `best`, `top3`, or `chance`, which no wish changes: there it is to be anybody. */
function pickOf({ pick }: DecisionRecord, wish: ReplayWish): number | 'all' {
  if (pick === 'chance') return 'all'
  return wish.pickCount ?? (pick === 'best' ? 1 : Number(pick.slice('top'.length)))
}

function leastOf(
  rows: readonly DecisionCandidate[],
  figureOf: (row: DecisionCandidate) => number
): DecisionCandidate | undefined {
  const [first, ...rest] = rows
  return rest.reduce(
    (least, row) => (least !== undefined && figureOf(row) < figureOf(least) ? row : least),
    first
  )
}
