/**
 * A router of the mesh, as far as it judges workers: the project's own ledger, checks by record, verification
 * and cost of risk, joined as the dispatcher joins them. It computes nothing itself: where two workers disagree,
 * others decide.
 */
import { ATTEMPTS_MAX, Draw, SAMPLE, execute } from './world.ts'
import { checkedShare } from '../../verification/policy.ts'
import { EXPLORATION_SHARE } from '../../selection/draw.ts'
import { compileVerify } from '../../model/verify-plan.ts'
import { judge } from '../../verification/trial.ts'
import { printResult } from '../../verification/comparison.ts'
import { ReputationLedger } from '../../reputation/ledger.ts'
import { riskMs } from '../../selection/cost.ts'
import type { Execution, SimWorker } from './fleet.ts'
import type { JobEnd, SimRouter, World } from './world.ts'
import type { Judgement, Vote } from '../../verification/trial.ts'
import type { Reputation } from '../../reputation/reputation.ts'
import type { ResultPrint } from '../../verification/comparison.ts'
import type { Service } from '../../reputation/score.ts'
import type { Trust } from '../../verification/policy.ts'

const PLAN = compileVerify({ mode: 'adaptive' })
/** A whitewasher takes a new name once it is taken to be this unreliable: a newcomer is at 0.62. */
const LEAVING_RELIABILITY = 0.55

/** Who loses more tasks checks only where nobody else can. */
const CHECKER_RELIABILITY = 0.8
/** What a checker may have to do yet before another is drawn in its place. */
const BACKLOG_MS = 10_000

/** One copy that gave an answer. */
interface Copy {
  worker: SimWorker
  peerId: string
  answer: string
}

export class EvidenceRouter implements SimRouter {
  readonly ledger = new ReputationLedger()
  /** Workers that it has ever quarantined. */
  readonly quarantined = new Set<SimWorker>()
  readonly #world: World
  readonly #workers: Draw
  readonly #riskFactor: number
  readonly #prints = new Map<string, ResultPrint>()

  constructor(world: World, riskFactor = 1) {
    this.#world = world
    this.#workers = new Draw(world)
    this.#riskFactor = riskFactor
  }

  run(nowMs: number): JobEnd | undefined {
    const { random } = this.#world
    let isExploration = random.next() < EXPLORATION_SHARE
    let worker = this.#choose(isExploration ? 'probation' : 'trusted', nowMs)
    if (worker === undefined) return undefined
    let delayMs = 0
    for (let attempt = 0; attempt < ATTEMPTS_MAX && worker !== undefined; attempt += 1) {
      const { peerId } = worker
      const execution = this.#execute(worker, nowMs, !isExploration)
      delayMs += execution.durationMs
      if (execution.isDone) {
        const copy = { worker, peerId, answer: execution.answer }
        return { ...this.#believe(copy, nowMs), delayMs }
      }
      isExploration = false
      worker = this.#choose('trusted', nowMs, [worker])
    }
    return { answer: undefined, isUndecided: false, delayMs }
  }

  hasFoundOut({ peerId }: SimWorker, nowMs: number): boolean {
    const { reliability, tier } = this.ledger.of(peerId, nowMs)
    return tier === 'quarantined' || reliability < LEAVING_RELIABILITY
  }

  /** What it has itself seen, as it would tell others. */
  serviceOf(worker: SimWorker, nowMs: number): Service {
    return this.ledger.evidenceOf(worker.peerId, nowMs)
  }

  /** By time and risk among some that are free. */
  #choose(
    wanted: 'probation' | 'trusted',
    nowMs: number,
    except: readonly SimWorker[] = []
  ): SimWorker | undefined {
    this.#workers.open(nowMs)
    const best: Partial<Record<Reputation['tier'], { worker: SimWorker; cost: number }>> = {}
    for (let seen = 0; seen < SAMPLE || best[wanted] === undefined;) {
      const worker = this.#workers.next()
      if (worker === undefined) break
      const { prospect, tier } = this.ledger.of(worker.peerId, nowMs)
      if (tier === 'quarantined' || except.includes(worker)) continue
      seen += 1
      const { claimedMs } = worker
      const cost = claimedMs + this.#riskFactor * riskMs(prospect, claimedMs)
      if (cost < (best[tier]?.cost ?? Infinity)) best[tier] = { worker, cost }
    }
    return (best[wanted] ?? best.probation ?? best.trusted)?.worker
  }

  /**
   * Who checks is drawn by chance from all that may, whether they are free now or not: who could be chosen for being
   * fast, or for having room because it answers without computing, could confirm its own.
   */
  #chooseChecker(trust: Trust, nowMs: number, asked: readonly SimWorker[]): SimWorker | undefined {
    for (const backlogMs of [BACKLOG_MS, Infinity]) {
      const checker = this.#drawChecker({ trust, backlogMs }, nowMs, asked)
      if (checker !== undefined) return checker
    }
    return undefined
  }

  #drawChecker(
    { backlogMs, trust }: { trust: Trust; backlogMs: number },
    nowMs: number,
    asked: readonly SimWorker[]
  ): SimWorker | undefined {
    this.#workers.open(nowMs, backlogMs)
    let unreliable: SimWorker | undefined
    let stranger: SimWorker | undefined
    for (;;) {
      const worker = this.#workers.next()
      if (worker === undefined) break
      if (asked.includes(worker)) continue
      const { prospect, tier } = this.ledger.of(worker.peerId, nowMs)
      if (tier === 'trusted' && prospect >= CHECKER_RELIABILITY) return worker
      if (tier === 'trusted') unreliable ??= worker
      if (tier === 'probation') stranger ??= worker
    }
    return unreliable ?? (trust === 'trusted_only' ? undefined : stranger)
  }

  #execute(worker: SimWorker, nowMs: number, isPrimary: boolean): Execution {
    const { peerId } = worker
    const execution = execute(this.#world, worker, nowMs, isPrimary)
    const outcome = execution.isDone
      ? ({ kind: 'completed', latencyMs: execution.durationMs, promisedMs: worker.meanMs } as const)
      : ({ kind: 'failed', blame: 'worker', code: 'PEER_SILENT' } as const)
    this.ledger.record({ ...outcome, workerId: peerId }, nowMs)
    if (!execution.isDone) this.#world.onSuspicion(worker, nowMs)
    return execution
  }

  /** Which answer counts, after as many further copies as the worker's record asks for. */
  #believe(first: Copy, nowMs: number): Pick<JobEnd, 'answer' | 'isUndecided'> {
    const share = checkedShare(PLAN, this.ledger.of(first.peerId, nowMs))
    if (this.#world.random.next() >= share) return { answer: first.answer, isUndecided: false }
    const copies = [first]
    const asked = [first.worker]
    for (;;) {
      const judgement = judge({
        plan: PLAN,
        votes: copies.map((copy, index) => this.#voteOf(copy, index + 1, nowMs)),
        openCount: 0,
        atHand: this.#atHand(asked, nowMs)
      })
      if (judgement.kind === 'accept') return this.#accept(judgement, copies, nowMs)
      if (judgement.kind !== 'copies') return { answer: undefined, isUndecided: true }
      const before = asked.length
      for (let count = 0; count < judgement.count; count += 1) {
        const worker = this.#chooseChecker(judgement.trust, nowMs, asked)
        if (worker === undefined) break
        asked.push(worker)
        const { peerId } = worker
        const { answer, isDone } = this.#execute(worker, nowMs, false)
        if (isDone) copies.push({ worker, peerId, answer })
      }
      if (asked.length === before) return { answer: undefined, isUndecided: true }
    }
  }

  #voteOf({ answer, peerId }: Copy, attempt: number, nowMs: number): Vote {
    const party = { workerId: peerId, owner: undefined, addresses: [] }
    return {
      attempt,
      party,
      tier: this.ledger.of(peerId, nowMs).tier,
      print: this.#printOf(answer)
    }
  }

  #printOf(answer: string): ResultPrint {
    const print = this.#prints.get(answer) ?? printResult(resultOf(answer))
    // Lies are made up anew each time, what is right is not.
    if (this.#prints.size === 0) this.#prints.set(answer, print)
    return print
  }

  /** No more of them than could matter. */
  #atHand(asked: readonly SimWorker[], nowMs: number): { groups: number; trusted: number } {
    let groups = 0
    let trusted = 0
    for (const worker of this.#world.fleet.workers) {
      if (trusted > 0 && groups >= PLAN.copiesMax) break
      if (asked.includes(worker)) continue
      const { tier } = this.ledger.of(worker.peerId, nowMs)
      if (tier !== 'quarantined') groups += 1
      if (tier === 'trusted') trusted += 1
    }
    return { groups, trusted }
  }

  #accept(
    { attempt, right, wrong }: Extract<Judgement, { kind: 'accept' }>,
    copies: readonly Copy[],
    nowMs: number
  ): Pick<JobEnd, 'answer' | 'isUndecided'> {
    for (const index of right) {
      this.ledger.record({ kind: 'right', workerId: copies[index - 1]!.peerId }, nowMs)
    }
    for (const index of wrong) {
      const { peerId, worker } = copies[index - 1]!
      this.ledger.record({ kind: 'wrong', workerId: peerId }, nowMs)
      this.quarantined.add(worker)
      this.#world.onSuspicion(worker, nowMs)
    }
    return { answer: copies[attempt - 1]!.answer, isUndecided: false }
  }
}

function resultOf(answer: string): Parameters<typeof printResult>[0] {
  return { output: JSON.stringify(answer), outputFile: null, outputs: null }
}
