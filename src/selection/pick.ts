/**
 * The pick itself: one look at each worker for rules, room and cost, then the draw among the best (draw.ts).
 * That one look also keeps all that is said of the choice afterwards.
 */
import { drawFrom } from './draw.ts'
import { emptyCost, measureCost, roundCost, totalCost } from './cost.ts'
import { firstRefusal } from './compile.ts'
import { insertSorted, isBefore } from './ranking.ts'
import { isTriedBefore, tierOf } from './tier.ts'
import { preferenceFactor } from './preference.ts'
import { isRoom, roomOf } from './room.ts'
import type { Candidate, Circumstances, SelectionRequest } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { CostParts, Task } from './cost.ts'
import type { Drawable, Drawn } from './draw.ts'
import type { Ranked } from './ranking.ts'
import type { Rule } from './rule.ts'

/** A worker that no rule refuses. */
export interface Contender extends Drawable {
  candidate: Candidate
}

/** The refused under one rule: how many, and the first few of them by peer id. */
export interface RefusedGroup {
  rule: Rule
  count: number
  first: Candidate[]
}

export interface Choice extends Drawn<Contender> {
  /** The first few with room, and without, in order. */
  eligible: readonly Contender[]
  full: readonly Contender[]
  /** Whom a task goes to now and then because little is known of it. */
  newcomer: Contender | undefined
  refused: ReadonlyMap<Rule, RefusedGroup>
  refusedCount: number
  fullCount: number
  /** Whether some worker that fits has a free slot, drawn from or not. */
  canStart: boolean
}

/** Of a worker with fewer outcomes little is known. */
export const PROVEN_EVIDENCE = 10

/** @param listedMax how many of each kind are kept, for words */
export function pickWorker(
  compiled: CompiledRequest,
  candidates: readonly Candidate[],
  circumstances: Circumstances,
  listedMax: number
): Choice {
  const { draw } = circumstances
  const pickCount = pickCountOf(compiled.request)
  const sorter = new Sorter(compiled, circumstances, listedMax)
  for (const candidate of candidates) sorter.take(candidate)
  const { canStart, full, fullCount, refused, refusedCount } = sorter
  // Weighed once more, in the figures of the record, so that a record alone leads to the same choice.
  const weighAgain = ({ candidate }: Contender): Contender =>
    weigh(compiled, candidate, circumstances)
  const eligible = sorter.eligible.map(weighAgain).toSorted(byRank)
  const newcomer = sorter.newcomer && weighAgain(sorter.newcomer)
  const drawn = drawFrom(eligible, { draw, pickCount, newcomer })
  return { ...drawn, eligible, full, newcomer, refused, refusedCount, fullCount, canStart }
}

/** Of how many of the best one is drawn. */
export function pickCountOf({ isByChance = false, route }: SelectionRequest): number | 'all' {
  return isByChance ? 'all' : route.pickCount
}

/** A worker with its place and its cost, in the figures of the record. */
export function weigh(
  compiled: CompiledRequest,
  candidate: Candidate,
  task: Task
): Contender & { parts: CostParts; preference: number } {
  const { factors, request } = compiled
  const parts = emptyCost()
  measureCost(compiled, candidate, task, parts)
  roundCost(parts)
  const preference = preferenceFactor(candidate, request.placement.prefer)
  const cost = totalCost(factors, parts) * preference
  const { peerId } = candidate
  const { waitMs } = parts
  return { tier: tierOf(request, candidate), cost, waitMs, peerId, candidate, parts, preference }
}

interface Weighed {
  candidate: Candidate
  tier: number
  cost: number
}

/** Puts workers into three heaps, of each of which it keeps the first few. */
class Sorter {
  readonly eligible: Contender[] = []
  readonly full: Contender[] = []
  readonly refused = new Map<Rule, RefusedGroup>()
  refusedCount = 0
  fullCount = 0
  canStart = false
  readonly #compiled: CompiledRequest
  readonly #task: Task
  readonly #listedMax: number
  /** Of those with room, as many as are listed or drawn from. */
  readonly #eligibleMax: number
  readonly #parts = emptyCost()
  #newest: Contender | undefined
  #isAnyProven = false

  constructor(compiled: CompiledRequest, task: Task, listedMax: number) {
    this.#compiled = compiled
    this.#task = task
    this.#listedMax = listedMax
    const pickCount = pickCountOf(compiled.request)
    this.#eligibleMax = pickCount === 'all' ? Infinity : Math.max(listedMax, pickCount)
  }

  /** Nobody is new where nobody is proven, nor where chance asks for no proof. */
  get newcomer(): Contender | undefined {
    const { isByChance = false } = this.#compiled.request
    return this.#isAnyProven && !isByChance ? this.#newest : undefined
  }

  take(candidate: Candidate): void {
    const { need, request, rules } = this.#compiled
    const refusal = firstRefusal(rules, candidate)
    if (refusal !== undefined) return this.#refuse(refusal, candidate)
    const room = roomOf(candidate, need)
    const cost = this.#costOf(candidate)
    if (!isRoom(room)) {
      this.fullCount += 1
      return this.#list(this.full, { candidate, tier: 0, cost }, this.#listedMax)
    }
    if (room === 'run') this.canStart = true
    const tier = tierOf(request, candidate)
    this.#list(this.eligible, { candidate, tier, cost }, this.#eligibleMax)
    if (isProven(request, candidate)) this.#isAnyProven = true
    else if (room === 'run') this.#noteNew(candidate, tier, cost)
  }

  #costOf(candidate: Candidate): number {
    const { factors, request } = this.#compiled
    measureCost(this.#compiled, candidate, this.#task, this.#parts)
    const cost = totalCost(factors, this.#parts)
    const { prefer } = request.placement
    return prefer.length === 0 ? cost : cost * preferenceFactor(candidate, prefer)
  }

  /** Of many workers most are beyond the few that are kept, which costs them no more than a comparison. */
  #list(list: Contender[], { candidate, cost, tier }: Weighed, countMax: number): void {
    const last = list.length < countMax ? undefined : list.at(-1)
    if (last !== undefined && (last.tier === tier ? cost > last.cost : tier > last.tier)) return
    const { waitMs } = this.#parts
    const contender = { tier, cost, waitMs, peerId: candidate.peerId, candidate }
    // All are kept: they are sorted once, at the end.
    if (countMax === Infinity) list.push(contender)
    else insertSorted(list, contender, countMax, isBefore)
  }

  #noteNew(candidate: Candidate, tier: number, cost: number): void {
    // One that was tried for this task is not tried again for that.
    if (isTriedBefore(tier)) return
    const { waitMs } = this.#parts
    const contender = { tier, cost, waitMs, peerId: candidate.peerId, candidate }
    if (isNewer(this.#compiled.request, contender, this.#newest)) this.#newest = contender
  }

  #refuse(rule: Rule, candidate: Candidate): void {
    this.refusedCount += 1
    let group = this.refused.get(rule)
    if (group === undefined) {
      group = { rule, count: 0, first: [] }
      this.refused.set(rule, group)
    }
    group.count += 1
    insertSorted(group.first, candidate, this.#listedMax, hasEarlierId)
  }
}

/** Whether enough is known of a worker for what is asked. */
function isProven({ trust }: SelectionRequest, { evidenceLeft, tier }: Candidate): boolean {
  return trust === 'any' ? evidenceLeft >= PROVEN_EVIDENCE : tier === 'trusted'
}

/**
 * Of whom less is known; of several such, who is better. Where results are to be trusted, it is who is better
 * alone: whoever has some proof is worth more of it, and ever new names would else get all that is given to the new.
 */
function isNewer(
  { trust }: SelectionRequest,
  contender: Contender,
  other: Contender | undefined
): boolean {
  if (other === undefined) return true
  if (trust !== 'any') return isBefore(contender, other)
  if (contender.tier !== other.tier) return contender.tier < other.tier
  const [left, right] = [contender.candidate.evidenceLeft, other.candidate.evidenceLeft]
  return left === right ? isBefore(contender, other) : left < right
}

function byRank(left: Ranked, right: Ranked): number {
  return isBefore(left, right) ? -1 : 1
}

function hasEarlierId(left: Candidate, right: Candidate): boolean {
  return left.peerId < right.peerId
}
