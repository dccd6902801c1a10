/**
 * A mesh under attack, from one seed: jobs arrive at the routers, workers do them well or badly, and it is
 * counted who gets them and which wrong results are believed. What a router thinks of a worker is the
 * project's own ledger, checks and verification, so the figures are theirs. Executions take no time of
 * their own here but keep their worker busy: what is learnt of one counts from the moment it is sent.
 */
import { CLAIMED_TASKS, shareExperience } from './sharing.ts'
import { EvidenceRouter } from './evidence-router.ts'
import { Fleet, RIGHT } from './fleet.ts'
import { NaiveRouter } from './naive-router.ts'
import { seededRandom } from '../../core/random.ts'
import { Tally } from './tally.ts'
import type { Random } from '../../core/random.ts'
import type { Scenario } from './scenario.ts'
import type { SimRouter, World } from './world.ts'
import type { SimWorker } from './fleet.ts'
import type { SuccessCounts } from './naive-router.ts'
import type { WindowFigures } from './tally.ts'

export interface ReputationResult {
  windows: WindowFigures[]
  /** Good workers that a router quarantined, ever. */
  goodQuarantined: number
  /** Of the good workers, those that every router trusts at the end; 0 to 1. */
  goodTrusted: number
  /** Identities that whitewashers took besides their first. */
  identities: number
  /** Equal for equal runs. */
  trace: string
}

const SHARE_MS = 60_000
const REJOIN_CHECK_MS = 5_000
/** Streams of chance that have nothing to do with each other. */
const STREAMS = { arrivals: 1, fleet: 2, choice: 3 } as const
export function simulateReputation(scenario: Scenario, seed: number): ReputationResult {
  const streamOf = (stream: number): Random => seededRandom(seed * 31 + stream)
  const arrivals = streamOf(STREAMS.arrivals)
  const fleet = new Fleet(scenario, streamOf(STREAMS.fleet))
  const tally = new Tally(scenario.windowsMs)
  const routers: SimRouter[] = []
  const world: World = {
    scenario,
    fleet,
    tally,
    random: streamOf(STREAMS.choice),
    onSuspicion: (worker, nowMs) => {
      if (!scenario.isWhitewashing || !worker.isBad) return
      if (routers.some((router) => router.hasFoundOut(worker, nowMs))) fleet.foundOut(worker, nowMs)
    }
  }
  const liars = liarsOf(scenario)
  const honestCount = scenario.routers - liars
  const evidenceRouters = addRouters(world, routers, honestCount)
  const endMs = scenario.windowsMs.at(-1) ?? 0
  let nextShareMs = SHARE_MS
  let nextRejoinMs = 0
  let nowMs = arrivalMs(scenario, arrivals)
  while (nowMs < endMs) {
    if (scenario.isSharing && nowMs >= nextShareMs) {
      nextShareMs += SHARE_MS
      shareExperience(evidenceRouters, fleet, liars, nowMs)
    }
    if (nowMs >= nextRejoinMs) {
      nextRejoinMs = nowMs + REJOIN_CHECK_MS
      fleet.rejoinIdle(nowMs)
    }
    runJob(world, routers[Math.floor(arrivals.next() * honestCount)] as SimRouter, nowMs)
    nowMs += arrivalMs(scenario, arrivals)
  }
  return {
    windows: tally.figures(),
    ...verdictsOf(evidenceRouters, fleet, endMs),
    identities: fleet.rejoinCount,
    trace: tally.trace
  }
}

/** The honest routers; what the others do is to talk. */
function addRouters(world: World, routers: SimRouter[], count: number): EvidenceRouter[] {
  const { judgement } = world.scenario
  if (judgement.kind === 'evidence') {
    const added = Array.from(
      { length: count },
      () => new EvidenceRouter(world, judgement.riskFactor)
    )
    routers.push(...added)
    return added
  }
  const naive: NaiveRouter[] = []
  const pool = (worker: SimWorker): SuccessCounts => pooled(world, naive, worker)
  for (let index = 0; index < count; index += 1) {
    naive.push(new NaiveRouter(world, judgement.checkShare, judgement.isPooled ? pool : undefined))
  }
  routers.push(...naive)
  return []
}

function pooled(
  { scenario }: World,
  naive: readonly NaiveRouter[],
  worker: SimWorker
): SuccessCounts {
  const liars = liarsOf(scenario)
  const sum = {
    successes: worker.isBad ? liars * CLAIMED_TASKS : 0,
    count: liars * CLAIMED_TASKS
  }
  for (const router of naive) {
    const counts = router.countsOf(worker)
    sum.successes += counts.successes
    sum.count += counts.count
  }
  return sum
}

function runJob({ tally }: World, router: SimRouter, nowMs: number): void {
  const counts = tally.at(nowMs)
  counts.jobs += 1
  const end = router.run(nowMs)
  if (end === undefined) counts.unserved += 1
  if (end === undefined) return
  counts.delayMs += end.delayMs
  if (end.isUndecided) counts.undecided += 1
  else if (end.answer === undefined) counts.failed += 1
  else if (end.answer !== RIGHT) counts.wrong += 1
  tally.mark(end.answer === RIGHT ? 1 : 0)
}

/** Times between two jobs are exponential. */
function arrivalMs({ jobsPerSecond }: Scenario, random: Random): number {
  return (-Math.log(1 - random.next()) * 1_000) / jobsPerSecond
}

function liarsOf({ badRouters, routers }: Scenario): number {
  return Math.round(routers * badRouters)
}

function verdictsOf(
  routers: readonly EvidenceRouter[],
  { workers }: Fleet,
  nowMs: number
): Pick<ReputationResult, 'goodQuarantined' | 'goodTrusted'> {
  const good = workers.filter(({ isBad }) => !isBad)
  const quarantined = good.filter((worker) =>
    routers.some((router) => router.quarantined.has(worker))
  )
  const trusted = good.filter(({ peerId }) =>
    routers.every(({ ledger }) => ledger.of(peerId, nowMs).tier === 'trusted')
  )
  return { goodQuarantined: quarantined.length, goodTrusted: trusted.length / good.length }
}
