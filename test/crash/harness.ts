/**
 * One run: a mesh, a load and a schedule of faults drawn from a seed; then peace, until every job has
 * ended; then the audit of what is left.
 */
import { systemClock } from '../../src/core/clock.ts'
import { seededRandom } from '../../src/core/random.ts'
import { audit } from './audit.ts'
import { BOOTSTRAP, CLIENT, CrashMesh } from './crash-mesh.ts'
import { gatherEvidence } from './evidence.ts'
import { FaultPlayer } from './fault-player.ts'
import { drawSchedule } from './schedule.ts'
import { Submitter } from './submitter.ts'
import { summarise } from './summary.ts'
import { until } from '../support/until.ts'
import { drawWorkload } from './workload.ts'
import type { Evidence } from './evidence.ts'
import type { Summary } from './summary.ts'
import type { Violation } from './audit.ts'

export interface CrashRunInit {
  seed: number
  /** @default 2000 */
  jobs?: number
  /** Faults and submissions last so long. @default 45_000 */
  windowMs?: number
  /** @default 2 */
  routers?: number
  /** @default 4 */
  workers?: number
  /** Mean time between two faults. @default 1_500 */
  faultPeriodMs?: number
  /** How long the jobs may take to end once the faults are over. @default 120_000 */
  settleMsMax?: number
  /** Told what happens, line by line. */
  onProgress?: (text: string) => void
}

export interface CrashRunResult {
  summary: Summary
  violations: Violation[]
  /** Folder with stores, journals and logs, kept if anything was wrong. */
  home: string | undefined
}

const DEFAULT_RUN = {
  jobs: 2_000,
  windowMs: 45_000,
  routers: 2,
  workers: 4,
  faultPeriodMs: 1_500,
  settleMsMax: 120_000,
  onProgress: (): void => {}
}

const PROGRESS_MS = 10_000
const UNFINISHED_STATES = ['pending', 'queued', 'running', 'held'] as const

export async function runCrash(options: CrashRunInit): Promise<CrashRunResult> {
  const init = { ...DEFAULT_RUN, ...options }
  const mesh = await CrashMesh.start(init)
  let isClean = false
  try {
    const result = await runOn(mesh, init)
    isClean = result.violations.length === 0
    return { ...result, home: isClean ? undefined : mesh.home }
  } finally {
    await mesh.stop({ keep: !isClean })
  }
}

async function runOn(
  mesh: CrashMesh,
  init: Required<CrashRunInit>
): Promise<Omit<CrashRunResult, 'home'>> {
  const { onProgress, seed, windowMs } = init
  const random = seededRandom(seed)
  const routers = namesOf(mesh.routers)
  const workers = namesOf(mesh.workers)
  const schedule = drawSchedule(random, {
    windowMs,
    periodMs: init.faultPeriodMs,
    bootstrap: BOOTSTRAP,
    client: CLIENT,
    routers,
    workers
  })
  const planned = drawWorkload(random, { seed, count: init.jobs, windowMs, routers })
  const startMs = systemClock.monotonicMs()
  const say = (text: string): void => {
    const atS = (systemClock.monotonicMs() - startMs) / 1_000
    onProgress(`${atS.toFixed(1).padStart(7)} s  ${text}`)
  }
  const submitter = new Submitter(mesh)
  const player = new FaultPlayer({ mesh, submitter, onFault: say })
  const stopTelling = systemClock.every(PROGRESS_MS, () =>
    say(`${submitter.acknowledged.length} of ${planned.length} jobs acknowledged`)
  )
  const playing = player.play(schedule)
  const submitting = submitter.submitAll(planned)
  systemClock.after(windowMs, () => player.stop())
  await playing
  say('the faults are over')
  await mesh.restore()
  await submitting
  stopTelling()
  say(`all is well again, ${submitter.acknowledged.length} jobs acknowledged`)
  const unfinished = await settle(mesh, init.settleMsMax)
  say(unfinished.length === 0 ? 'all jobs have ended' : `${unfinished.length} jobs have not ended`)
  await mesh.stopNodes()
  const survivors = await mesh.survivors()
  const evidence = gatherEvidence(mesh, { planned, acknowledged: submitter.acknowledged })
  const violations = [
    ...audit(evidence),
    ...general('no sandbox outlives its worker', survivors),
    ...general(
      'nodes end only when they are told to',
      mesh.nodes.flatMap((node) => node.complaints)
    ),
    ...general('a submission is answered as promised', submitter.complaints)
  ]
  for (const violation of violations) say(describeViolation(violation, evidence))
  return { summary: summarise({ evidence, player, submitter, violations }), violations }
}

/** @returns ids of jobs that have not ended in time */
async function settle(mesh: CrashMesh, settleMsMax: number): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const asked = mesh.routers.flatMap(({ name }) =>
      UNFINISHED_STATES.map((state) => mesh.client(name).jobs({ state, limit: 100 }))
    )
    return (await Promise.all(asked)).flat().map(({ id, state }) => `${id} ${state}`)
  }
  const init = { deadlineMs: settleMsMax, pollMs: 250 }
  return await until('end of all jobs', look, ({ length }) => length === 0, init).catch(look)
}

function namesOf(nodes: readonly { name: string }[]): [string, ...string[]] {
  return nodes.map(({ name }) => name) as [string, ...string[]]
}

function general(rule: string, texts: readonly string[]): Violation[] {
  return texts.map((text) => ({ rule, jobId: '', text }))
}

/** With all that the store has of the job, for whoever has to find out why. */
function describeViolation({ jobId, rule, text }: Violation, { jobs }: Evidence): string {
  const found = jobs.find(({ job }) => job.id === jobId)
  const head = `VIOLATION ${rule}: ${jobId} ${text}`
  if (found === undefined) return head
  const { attempts, job, router } = found
  const lines = [
    `  ${router} ${job.name} ${job.state} ${JSON.stringify(job.history)}`,
    ...attempts
      .slice(0, 20)
      .map(
        (attempt) =>
          `  item ${attempt.itemIndex} attempt ${attempt.number} ${JSON.stringify(attempt)}`
      )
  ]
  return [head, ...lines].join('\n')
}
