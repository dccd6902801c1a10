/**
 * One run: a mesh under an honest load, left in peace, attacked, and left in peace again; then what the attackers
 * got, what the victims are like, and whether the load has noticed.
 */
import { loadavg, platform } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { seededRandom } from '../../src/core/random.ts'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import { drawInteger } from '../crash/draw.ts'
import { Attackers } from './attackers.ts'
import { ATTACKS } from './attacks.ts'
import { CONTROL } from './attacks/control.ts'
import { HostileMesh } from './hostile-mesh.ts'
import { Load } from './load.ts'
import { findingsIn } from './logs.ts'
import { judge } from './verdicts.ts'
import { until } from '../support/until.ts'
import type { Attack, Attacker, Order } from './attack.ts'
import type { Evidence, Period, Verdict, VictimEvidence } from './verdicts.ts'
import type { Glimpse } from './witness.ts'
import type { Victim } from './victim.ts'

export interface CampaignInit {
  seed: number
  /** Of the attack; each quiet period has a third of it, 30 seconds at most. @default 120 */
  seconds?: number
  /** @default all */
  attacks?: readonly string[]
  onProgress?: (text: string) => void
}

export interface CampaignResult {
  evidence: Evidence
  verdicts: Verdict[]
  /** Folder with stores and logs, kept if anything was wrong. */
  home: string | undefined
}

/** In a millisecond. */
const NANOSECONDS = 1e6
const QUIET_SECONDS_MAX = 30
/** The first jobs of a mesh pay for what is compiled and connected then. */
const WARM_UP_SECONDS = 8
/**
 * Processors are shared with the victims: attackers together may take four tenths of one core. On a machine of two
 * that is a fifth of what there is, and leaves the victims what the load needs several times over.
 */
const CPU_SHARE = 0.4
/** Members have the longest list. */
const PROCESSES: Readonly<Record<Attacker, number>> = { stranger: 1, member: 2, worker: 1, http: 1 }

/** Longer than whatever a victim may wait for: a handshake, half a request, a stranger, a certificate, a session's hello. A short attack has begun little. */
const SETTLE_SECONDS = 45

export async function runCampaign(init: CampaignInit): Promise<CampaignResult> {
  const mesh = await HostileMesh.start()
  let isClean = false
  try {
    const evidence = await runOn(mesh, init)
    const verdicts = judge(evidence)
    isClean = verdicts.every(({ isMet }) => isMet)
    return { evidence, verdicts, home: isClean ? undefined : mesh.home }
  } finally {
    await mesh.stop({ keep: !isClean })
  }
}

async function runOn(
  mesh: HostileMesh,
  { attacks: names, onProgress = () => {}, seconds = 120, seed }: CampaignInit
): Promise<Evidence> {
  const { client, files, victims } = mesh
  const honest = victims.map(({ report }) => report.peer_id)
  const quietSeconds = Math.min(QUIET_SECONDS_MAX, seconds / 3)
  const orders = await ordersOf(mesh, { names, seconds, seed })
  const idlers = await Attackers.prepare(orders.map((order) => idleAs(order, quietSeconds)))
  const attackers = await Attackers.prepare(orders)
  const load = new Load({ client, files })
  load.start()
  await sleep(systemClock, WARM_UP_SECONDS * 1_000)
  const look = async (isExact: boolean): Promise<(Glimpse | undefined)[]> =>
    await Promise.all(victims.map((victim) => victim.look({ honest, isExact })))
  await look(true)
  onProgress(`a quiet period of ${quietSeconds.toFixed(0)} s`)
  const quiet = await during(() => sleep(systemClock, quietSeconds * 1_000))
  const before = await look(true)
  onProgress(`${quietSeconds.toFixed(0)} s in which the processor is taken as attackers take it`)
  const control = await during(() => idlers.attack())
  onProgress(`an attack of ${seconds} s`)
  const attack = await during(() => attackers.attack())
  const underAttack = await look(false)
  await stopHostileJobs(mesh)
  const settleSeconds = Math.min(SETTLE_SECONDS, seconds)
  onProgress(`${settleSeconds} s for what was begun to end`)
  await sleep(systemClock, settleSeconds * 1_000)
  onProgress(`another quiet period of ${quietSeconds.toFixed(0)} s`)
  const quietAgain = await during(() => sleep(systemClock, quietSeconds * 1_000))
  await load.stop()
  const after = await look(true)
  const states = await statesOf(mesh, load)
  return {
    samples: load.samples,
    quiet,
    control,
    attack,
    quietAgain,
    states,
    victims: victims.map((victim, index) => ({
      ...evidenceOf(victim),
      before: before[index],
      during: underAttack[index],
      after: after[index]
    })),
    findings: victims.flatMap((victim) => findingsIn(victim.name, victim.log())),
    attacks: attackers.results,
    complaints: [...idlers.complaints, ...attackers.complaints]
  }
}

async function during(work: () => Promise<void>): Promise<Period> {
  const fromMs = systemClock.wallMs()
  const lag = monitorEventLoopDelay({ resolution: 5 })
  lag.enable()
  await work()
  lag.disable()
  const [loadAverage = 0] = loadavg()
  return { fromMs, untilMs: systemClock.wallMs(), loadAverage, stallMs: lag.max / NANOSECONDS }
}

function evidenceOf(victim: Victim): Pick<VictimEvidence, 'death' | 'name' | 'peakBytes'> {
  const { death, name } = victim
  return { death, name, peakBytes: victim.peakBytes() }
}

async function ordersOf(
  mesh: HostileMesh,
  { names, seconds, seed }: { names: readonly string[] | undefined; seconds: number; seed: number }
): Promise<Order[]> {
  const random = seededRandom(seed)
  const chosen = ATTACKS.filter(({ name }) => names?.includes(name) ?? true)
  if (chosen.length === 0) throw new Error(`no attack is named ${names?.join(', ')}`)
  const groups = Object.entries(PROCESSES).flatMap(([who, count]) =>
    dealt(
      chosen.filter((attack) => attack.who === who),
      count
    )
  )
  const [papers, { api, front }] = await Promise.all([mesh.papers(), mesh.doors()])
  const common = {
    seconds,
    namespace: mesh.namespace,
    targets: mesh.targets,
    papers,
    api,
    front,
    files: mesh.files
  }
  return await Promise.all(
    groups.map(async ({ attacks, who }, index) => ({
      ...common,
      localAddress: addressOf(index),
      who,
      attacks: attacks.map(({ name }) => name),
      seed: drawInteger(random, 1, 1_000_000),
      cpuShare: CPU_SHARE / groups.length,
      identities: await mesh.members(who === 'worker' ? 'worker' : 'client', attacks.length)
    }))
  )
}

/** The same process of the same share of a core, without its attacks. */
function idleAs(order: Order, seconds: number): Order {
  return { ...order, attacks: [CONTROL.name], seconds }
}

/** Each from another machine, as far as the system has so many names for itself. */
function addressOf(index: number): string {
  return platform() === 'linux' ? `127.0.0.${index + 10}` : '127.0.0.1'
}

/** To so many processes, in turn; none is left without. */
function dealt(attacks: readonly Attack[], count: number): { attacks: Attack[]; who: Attacker }[] {
  return Array.from({ length: count }, (_, hand) =>
    attacks.filter((_attack, index) => index % count === hand)
  ).flatMap((hand) => (hand[0] === undefined ? [] : [{ attacks: hand, who: hand[0].who }]))
}

/** What members were allowed to hand in and can never run. */
async function stopHostileJobs({ client }: HostileMesh): Promise<void> {
  const waiting = await client.jobs({ state: 'queued', limit: 1_000 })
  const hostile = waiting.filter(({ name }) => name?.startsWith('hostile') === true)
  await Promise.all(hostile.map(({ id }) => client.stop(id, 'the attack is over')))
}

async function statesOf({ client }: HostileMesh, { samples }: Load): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  for (const { jobId } of samples) {
    if (jobId === undefined) continue
    // oxlint-disable-next-line no-await-in-loop
    const job = await until(
      'job view',
      () => client.job(jobId),
      () => true
    )
    states.set(jobId, job.state)
  }
  return states
}
