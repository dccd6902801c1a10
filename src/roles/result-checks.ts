/**
 * Whose result is right: what dispatch asks, answered by the pure room that judges, with what this router knows of
 * its workers, and by the job's own function where only that can tell.
 */
import { compileRules, firstRefusal } from '../selection/compile.ts'
import { inLanes } from '../core/lanes.ts'
import { MeshError } from '../core/errors.ts'
import { checkedShare } from '../verification/policy.ts'
import { groupsOf } from '../verification/independence.ts'
import { judge } from '../verification/trial.ts'
import { printResult } from '../verification/comparison.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Candidate } from '../selection/candidate.ts'
import type {
  CheckAnswer,
  CheckQuestion,
  ResultChecks,
  UncheckedResult
} from '../dispatch/ports.ts'
import type { Judgement, Sameness, Trial, Vote } from '../verification/trial.ts'
import type { Party } from '../verification/independence.ts'
import type { Random } from '../core/random.ts'
import type { ResultPrint } from '../verification/comparison.ts'
import type { Standing } from '../verification/policy.ts'

/** Two results that only the job's function can compare, the earlier attempt's first. */
export interface FunctionQuestion {
  jobId: string
  /** The function. */
  name: string
  left: UncheckedResult
  right: UncheckedResult
  /** Whoever returned a result of that item: they are not asked. */
  voters: readonly string[]
}

export interface VotedChecksComponents {
  random: Random
  candidates: () => readonly Candidate[]
  standingOf: (workerId: string) => Standing
  /** Whose a worker is, as far as this router knows. */
  partyOf: (workerId: string) => Party
  /** @throws MeshError VERIFY_FAILED */
  areSame: (question: FunctionQuestion, options: AbortOptions) => Promise<boolean>
}

/** What is found out of a result once. */
interface Exhibit {
  party: Party
  print: ResultPrint
  /** From 0 (included) to 1 (excluded), by chance: whether it is checked at all. */
  draw: number
  /** What the job's function said of it and of those of later attempts, or why it did not. */
  sameAs: Map<number, boolean | MeshError>
}

/** Comparisons of one item by its function that run at the same time. */
const COMPARISONS_AT_ONCE = 4

export class VotedChecks implements ResultChecks {
  readonly #components: VotedChecksComponents
  readonly #exhibits = new WeakMap<UncheckedResult, Exhibit>()

  constructor(components: VotedChecksComponents) {
    this.#components = components
  }

  async review(question: CheckQuestion, options: AbortOptions): Promise<CheckAnswer> {
    const believed = this.#believed(question)
    if (believed !== undefined) return believed
    const trial = this.#trialOf(question)
    const judgement = judge(trial)
    if (judgement.kind !== 'compare') return this.#answerOf(question, trial, judgement)
    await this.#compare(question, judgement.pairs, options)
    return this.#answerOf(question, trial, judge(trial))
  }

  groupsOf(workerId: string): readonly string[] {
    return groupsOf(this.#components.partyOf(workerId))
  }

  /** Where nothing is decided, and nobody is there who could help, a function that failed is why. */
  #answerOf({ results }: CheckQuestion, trial: Trial, judgement: Judgement): CheckAnswer {
    const answer = answerOf(trial, judgement)
    const isStuck = answer.kind === 'more' && trial.openCount === 0 && trial.atHand.groups === 0
    if (answer.kind !== 'undecided' && !isStuck) return answer
    const said = results.flatMap((result) => [...this.#exhibitOf(result).sameAs.values()])
    const error = said.find((one) => one instanceof MeshError)
    return error === undefined ? answer : { kind: 'undecided', error }
  }

  /** An only result that its worker's record, or chance, lets count without a check. */
  #believed({ plan: { verify }, results }: CheckQuestion): CheckAnswer | undefined {
    const [only] = results
    if (only === undefined || results.length > 1) return undefined
    const share = checkedShare(verify, this.#components.standingOf(only.workerId))
    if (this.#exhibitOf(only).draw < share) return undefined
    const by = verify.mode === 'spot' ? 'chance' : 'record'
    const verified = { by, copies: 1, agreed: 1 } as const
    return { kind: 'accept', attempt: only.attempt, right: [], wrong: [], verified }
  }

  #trialOf(question: CheckQuestion): Trial {
    const { openCount, plan, results } = question
    const votes = results.map((result): Vote => {
      const { party, print } = this.#exhibitOf(result)
      const { tier } = this.#components.standingOf(result.workerId)
      return { attempt: result.attempt, party, tier, print }
    })
    const byAttempt = new Map(results.map((result) => [result.attempt, result]))
    const sameByFunction = (left: Vote, right: Vote): Sameness | undefined => {
      const result = byAttempt.get(left.attempt) as UncheckedResult
      const said = this.#exhibits.get(result)?.sameAs.get(right.attempt)
      return said instanceof MeshError ? 'unclear' : said
    }
    return {
      plan: plan.verify,
      votes,
      openCount,
      atHand: this.#atHand(question, votes),
      sameByFunction
    }
  }

  /** Workers that could vote yet, one of each group; no more of them than could matter are looked at. */
  #atHand({ plan, request }: CheckQuestion, votes: readonly Vote[]): Trial['atHand'] {
    const { candidates, partyOf } = this.#components
    // Those that run a copy now are among them.
    const wish = { ...request, trust: 'any' as const, elsewhere: NOBODY, refusedLately: NOBODY }
    const rules = compileRules(wish)
    // Who failed at it is no more asked to tell than who has told.
    const heard = new Set([...votes.map(({ party }) => party.workerId), ...request.triedWorkers])
    const taken = new Set(votes.flatMap(({ party }) => groupsOf(party)))
    const atHand = { groups: 0, trusted: 0 }
    for (const candidate of trustedFirst(candidates())) {
      if (atHand.groups >= plan.verify.copiesMax) break
      if (heard.has(candidate.peerId) || firstRefusal(rules, candidate) !== undefined) continue
      const groups = groupsOf(partyOf(candidate.peerId))
      if (groups.some((group) => taken.has(group))) continue
      for (const group of groups) taken.add(group)
      atHand.groups += 1
      if (candidate.tier === 'trusted') atHand.trusted += 1
    }
    return atHand
  }

  #exhibitOf(result: UncheckedResult): Exhibit {
    const known = this.#exhibits.get(result)
    if (known !== undefined) return known
    const { partyOf, random } = this.#components
    const { files, output, workerId } = result
    const exhibit: Exhibit = {
      party: partyOf(workerId),
      print: printResult({ output, ...files }),
      draw: random.next(),
      sameAs: new Map()
    }
    this.#exhibits.set(result, exhibit)
    return exhibit
  }

  async #compare(
    { jobId, plan: { verify }, results }: CheckQuestion,
    pairs: readonly [Vote, Vote][],
    options: AbortOptions
  ): Promise<void> {
    const { compare } = verify
    if (compare.kind !== 'function') return
    const voters = results.map(({ workerId }) => workerId)
    const find = (vote: Vote): UncheckedResult =>
      results.find(({ attempt }) => attempt === vote.attempt) as UncheckedResult
    await inLanes(pairs, COMPARISONS_AT_ONCE, async (pair) => {
      const [left, right] = [find(pair[0]), find(pair[1])]
      const question = { jobId, name: compare.name, left, right, voters }
      const said = await this.#components.areSame(question, options).catch(comparisonError)
      this.#exhibitOf(left).sameAs.set(right.attempt, said)
    })
  }
}

/** A result may be such that the function fails at it, and then only whoever returned it has spoilt something. */
function comparisonError(cause: unknown): MeshError {
  const error = MeshError.from(cause)
  if (error.code === 'VERIFY_FAILED') return error
  throw error
}

const NOBODY: ReadonlyMap<string, string> = new Map()

function trustedFirst(candidates: readonly Candidate[]): Candidate[] {
  const trusted = candidates.filter(({ tier }) => tier === 'trusted')
  return [...trusted, ...candidates.filter(({ tier }) => tier === 'probation')]
}

function answerOf(trial: Trial, judgement: Judgement): CheckAnswer {
  switch (judgement.kind) {
    case 'accept': {
      const { agreed, attempt, copies, isTrusted, right, wrong } = judgement
      const verified = { by: isTrusted ? 'agreement' : 'majority', copies, agreed } as const
      return { kind: 'accept', attempt, right, wrong, verified }
    }
    case 'copies': {
      const { count, trust } = judgement
      const workers = trial.votes.map(({ party }) => party.workerId)
      const groups = [...new Set(trial.votes.flatMap(({ party }) => groupsOf(party)))]
      const apart = { workers, groups, trust }
      return { kind: 'more', copies: Array.from({ length: count }, () => apart) }
    }
    case 'undecided':
      return { kind: 'undecided', error: undecided(trial, judgement) }
    case 'compare':
    case 'wait':
      return { kind: 'wait' }
  }
}

function undecided(
  { plan }: Trial,
  { agreed, copies }: Extract<Judgement, { kind: 'undecided' }>
): MeshError {
  const message = `of ${copies} copies, ${agreed} returned the same, and ${plan.agree} must`
  return new MeshError('VERIFY_UNDECIDED', message, {
    path: 'verify',
    hint: 'have the task repeat (seed, time), compare less strictly (verify.compare), or allow more copies (verify.max_copies)'
  })
}
