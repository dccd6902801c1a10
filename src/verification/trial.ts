/**
 * Decides which of an item's results counts, and which of its copies were wrong, from what they returned alone: the
 * same votes give the same decision in whatever order they came. A result counts once enough workers that do not
 * vouch for each other returned the same, a trusted one among them wherever one can be asked. Pure.
 *
 * A job's measure need not carry over: where numbers may differ by a little, one result may be the same as two that
 * are not the same as each other. So no classes are made. Each vote is supported by those that are the same as it;
 * the one with the most support counts, and only who is the same as none of its supporters is wrong.
 */
import { assert } from '../core/assert.ts'
import { areSame } from './comparison.ts'
import { independentCount } from './independence.ts'
import type { Party } from './independence.ts'
import type { ResultPrint } from './comparison.ts'
import type { Standing, Trust } from './policy.ts'
import type { VerifyPlan } from '../model/verify-plan.ts'

/** What one copy returned. A copy that failed is none. */
export interface Vote {
  attempt: number
  party: Party
  tier: Standing['tier']
  print: ResultPrint
}

export interface Trial {
  plan: Pick<VerifyPlan, 'agree' | 'copiesMax' | 'compare'>
  votes: readonly Vote[]
  /** Copies that are on their way. */
  openCount: number
  /**
   * Workers that could vote yet, and vouch for none of those who did: groups among them, and trusted ones. Some of
   * them may be at it.
   */
  atHand: { groups: number; trusted: number }
  /** What the job's own function said of two results, the earlier attempt's first; undefined: it was not asked. */
  sameByFunction?: (left: Vote, right: Vote) => Sameness | undefined
}

/** `unclear`: the function failed at the two. That makes neither of them wrong, and stops nobody else's agreement. */
export type Sameness = boolean | 'unclear'

export type Judgement =
  | Acceptance
  /** So many further copies, on workers that vouch for none of the voters. */
  | { kind: 'copies'; count: number; trust: Trust }
  /** The job's function has to say first whether these are the same. */
  | { kind: 'compare'; pairs: [Vote, Vote][] }
  | { kind: 'wait' }
  | { kind: 'undecided'; copies: number; agreed: number }

export interface Acceptance {
  kind: 'accept'
  attempt: number
  /** Attempts whose results were found right and wrong. */
  right: number[]
  wrong: number[]
  /** Whether a trusted worker is among those that agree. */
  isTrusted: boolean
  /** Results that were compared, and how many of them agree and do not vouch for each other. */
  copies: number
  agreed: number
}

/** A vote, and those that are the same as it, itself among them. */
interface Standpoint {
  vote: Vote
  supporters: readonly Vote[]
  /** Those of which the job's function could not say it. */
  unclear: readonly Vote[]
  /** Groups among them. */
  count: number
  isTrusted: boolean
}

/** Two votes, the earlier attempt first. */
type Pair = readonly [Vote, Vote]

export function judge(trial: Trial): Judgement {
  assert(trial.plan.agree >= 2, 'one vote is no agreement')
  // Whoever was found wrong meanwhile says nothing any more, but its copy was run.
  const votes = trial.votes.filter(({ tier }) => tier !== 'quarantined')
  const same = new Map(pairsOf(votes).map((pair) => [nameOf(pair), isSamePair(trial, pair)]))
  const open = pairsOf(votes).filter((pair) => same.get(nameOf(pair)) === undefined)
  if (open.length > 0) return { kind: 'compare', pairs: open.map(([left, right]) => [left, right]) }
  const points = standpoints(trial, votes, (left, right) => {
    if (left === right) return true
    return same.get(nameOf(left.attempt < right.attempt ? [left, right] : [right, left])) ?? false
  })
  return isDecided(trial, points) ? accept(trial, points) : askOn(trial, points)
}

/** The best first. What is equally good is ordered by what it says, so that nobody gains by being early. */
function standpoints(
  { plan }: Trial,
  votes: readonly Vote[],
  samenessOf: (left: Vote, right: Vote) => Sameness
): Standpoint[] {
  const points = votes.map((vote): Standpoint => {
    const supporters = votes.filter((other) => samenessOf(vote, other) === true)
    const unclear = votes.filter((other) => samenessOf(vote, other) === 'unclear')
    const count = independentCount(supporters.map(({ party }) => party))
    return { vote, supporters, unclear, count, isTrusted: supporters.some(isTrustedVote) }
  })
  const isSound = ({ count, isTrusted }: Standpoint): boolean => isTrusted && count >= plan.agree
  return points.toSorted(
    (left, right) =>
      Number(isSound(right)) - Number(isSound(left)) ||
      right.count - left.count ||
      Number(right.isTrusted) - Number(left.isTrusted) ||
      Number(isTrustedVote(right.vote)) - Number(isTrustedVote(left.vote)) ||
      compareText(left.vote.print.text, right.vote.print.text) ||
      compareText(left.vote.print.files, right.vote.print.files) ||
      left.vote.attempt - right.vote.attempt
  )
}

function isDecided(trial: Trial, points: readonly Standpoint[]): boolean {
  const [best] = points
  const { agree } = trial.plan
  if (best === undefined || best.count < agree || isContested(points)) return false
  if (best.isTrusted) return true
  if (isAll(trial)) return true
  if (trial.openCount > 0 || canAsk(trial)) {
    return trial.atHand.trusted === 0 && isClear(trial, points)
  }
  // There may be no more copies: what they could have done has to do.
  return best.count > Math.min(agree, trial.plan.copiesMax - 1) && leadOf(points) >= agree
}

/**
 * Whether so many more agree than agree on anything else that it needs nobody trusted: one more than the job asks
 * for. Where a tenth of the workers collude, three ahead is wrong one time in seven hundred, and where three of at
 * most five were enough, one time in a hundred; that is how strangers could come to confirm each other.
 */
function isClear({ plan }: Trial, points: readonly Standpoint[]): boolean {
  return leadOf(points) > plan.agree
}

/** Whether all were heard that could be: then the majority has to do, for nobody will ever know better. */
function isAll({ atHand, openCount }: Trial): boolean {
  return openCount === 0 && atHand.groups === 0
}

/** By how many the best is ahead of the next that is not the same. */
function leadOf([best, ...others]: readonly Standpoint[]): number {
  if (best === undefined) return 0
  const rivals = others.filter(({ vote }) => !best.supporters.includes(vote))
  return best.count - Math.max(0, ...rivals.map(({ count }) => count))
}

/** Whether as much speaks for a result that is not the same. What no trusted worker says cannot hold up one that one does. */
function isContested([best, ...others]: readonly Standpoint[]): boolean {
  return others.some(
    ({ count, isTrusted, vote }) =>
      best !== undefined &&
      !best.supporters.includes(vote) &&
      count >= best.count &&
      (isTrusted || !best.isTrusted)
  )
}

function askOn(trial: Trial, points: readonly Standpoint[]): Judgement {
  const { atHand, openCount, plan, votes } = trial
  const [best] = points
  const agreed = best?.count ?? 0
  const room = roomOf(trial)
  const undecided = { kind: 'undecided', copies: votes.length, agreed } as const
  if (agreed + openCount + room < plan.agree) return undecided
  // One more at least: enough may agree already, and be contested, or nobody of them trusted.
  const missing = Math.max(1, lackingOf(trial, points)) - openCount
  const count = Math.min(missing, room, Math.max(1, atHand.groups - openCount))
  if (missing <= 0 || (count <= 0 && openCount > 0)) return { kind: 'wait' }
  if (count <= 0) return undecided
  const needsTrusted = atHand.trusted > 0 && best !== undefined && !isPlain(best, points)
  return { kind: 'copies', count, trust: needsTrusted ? 'trusted_only' : 'trusted_first' }
}

/** Votes that are lacking, if all that come are for the best. */
function lackingOf({ atHand, plan }: Trial, points: readonly Standpoint[]): number {
  const [best] = points
  const isDecidable = best?.isTrusted === true || atHand.trusted > 0
  return isDecidable ? plan.agree - (best?.count ?? 0) : plan.agree + 1 - leadOf(points)
}

/** Whether a trusted worker says so, and nobody says anything else: then anybody may add to it. */
function isPlain({ isTrusted, supporters }: Standpoint, points: readonly Standpoint[]): boolean {
  return isTrusted && supporters.length === points.length
}

/** Copies that there may still be. */
function roomOf({ openCount, plan, votes }: Trial): number {
  return Math.max(0, plan.copiesMax - votes.length - openCount)
}

function canAsk(trial: Trial): boolean {
  return roomOf(trial) > 0 && trial.atHand.groups > 0
}

/** A majority of strangers that is not clear finds nobody right or wrong: its result may count all the same. */
function accept(trial: Trial, points: readonly Standpoint[]): Acceptance {
  const [best, ...others] = points
  assert(best !== undefined, 'what is decided has a vote')
  const { count, isTrusted, supporters, vote } = best
  // Who is the same as a supporter, or may be, though not as the best itself, is neither right nor wrong.
  const wrong = others.filter(
    (other) => ![...other.supporters, ...other.unclear].some((one) => supporters.includes(one))
  )
  const isVerdict = isTrusted || isAll(trial) || isClear(trial, points)
  return {
    kind: 'accept',
    attempt: vote.attempt,
    right: isVerdict ? attemptsOf(supporters) : [],
    wrong: isVerdict ? attemptsOf(wrong.map((other) => other.vote)) : [],
    isTrusted,
    copies: others.length + 1,
    agreed: count
  }
}

function attemptsOf(votes: readonly Vote[]): number[] {
  return votes.map(({ attempt }) => attempt).toSorted((left, right) => left - right)
}

function pairsOf(votes: readonly Vote[]): Pair[] {
  const ordered = votes.toSorted((left, right) => left.attempt - right.attempt)
  return ordered.flatMap((left, index) =>
    ordered.slice(index + 1).map((right): Pair => [left, right])
  )
}

function nameOf([left, right]: Pair): string {
  return `${left.attempt} ${right.attempt}`
}

function isSamePair({ plan, sameByFunction }: Trial, [left, right]: Pair): Sameness | undefined {
  return areSame(left.print, right.print, plan.compare) ?? sameByFunction?.(left, right)
}

function isTrustedVote({ tier }: Vote): boolean {
  return tier === 'trusted'
}

function compareText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1
}
