/**
 * One measurement: a mesh of so many light workers grows up, a router that knows nobody joins it, and then it is left
 * alone for a while. What each node costs meanwhile is the difference between two looks at its process.
 */
import { RARE_LABEL } from './light-worker.ts'
import { ScaleMesh } from './scale-mesh.ts'
import { costsOf, mean, shareOf } from './costs.ts'
import { formatDuration } from '../../src/core/units.ts'
import { presencePace } from '../../src/discovery/presence-pace.ts'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Moment, NodeCost } from './costs.ts'
import type { MeteredProcess, MeteredRouter, MeteredWorkers } from './scale-mesh.ts'

export interface ScaleInit {
  /** Light workers. */
  workers: number
  /** That they live in. */
  processes: number
  bootstraps: number
  /** For which the mesh is left alone. */
  windowMs: number
  seed: number
  say: (text: string) => void
}

export interface Newcomer {
  /** From the start of its process to its ready line. */
  startMs: number
  /** From then on: until a filter finds the one worker that it fits. */
  filterMs: number
  /** Until it is introduced to every worker. */
  allMs: number
  /** Those that it did not know when time was up. */
  missingCount: number
}

export interface ScaleResult {
  workers: number
  /** From the first light worker's start until the router that was there before knows all. */
  growthMs: number
  newcomer: Newcomer
  light: NodeCost
  worker: NodeCost
  bootstrap: NodeCost
  router: NodeCost
}

/** Those that are not known by then stay unknown. */
const KNOWN_MS_MAX = 300_000
const POLL_MS = 100
/** For sessions and look-ups that a newcomer has set off. */
const CALM_MS = 10_000

export async function measureScale(init: ScaleInit): Promise<ScaleResult> {
  const mesh = new ScaleMesh()
  try {
    return await measureIn(mesh, init)
  } finally {
    await mesh.stop()
  }
}

async function measureIn(mesh: ScaleMesh, init: ScaleInit): Promise<ScaleResult> {
  const { processes, say, windowMs, workers } = init
  const bootstraps: MeteredProcess[] = []
  for (let count = 0; count < init.bootstraps; count += 1) bootstraps.push(await mesh.bootstrap())
  const first = await mesh.router()
  const worker = await mesh.worker()
  const hosts = Array.from({ length: processes }, () => mesh.workers())
  const empty = await figuresOf(hosts)
  const all = workers + 1
  say(`${workers} workers: starting, in ${processes} processes`)
  const growthMs = await grow(hosts, first, init)
  say(`${workers} workers: there after ${formatDuration(growthMs)}, now a router joins`)
  const second = await mesh.router()
  const newcomer = await meet(second, all)
  const known = `${all - newcomer.missingCount} of ${all} after ${formatDuration(newcomer.allMs)}`
  say(`${workers} workers: it knows ${known}, now all are left alone`)
  // Each worker has told the newcomer once that it is there.
  await sleep(systemClock, CALM_MS + presencePace(workers).periodMs)
  const kinds = { hosts, worker: [worker], bootstrap: bootstraps, router: [first, second] }
  const before = await look(kinds)
  await sleep(systemClock, windowMs)
  const after = await look(kinds)
  const cost = (kind: keyof Look): NodeCost => mean(costsOf(before[kind], after[kind]))
  const connections = await Promise.all(hosts.map((host) => host.connections()))
  return {
    workers,
    growthMs,
    newcomer,
    light: shareOf(cost('hosts'), {
      perProcess: workers / processes,
      empty,
      connections: connections.flat()
    }),
    worker: cost('worker'),
    bootstrap: cost('bootstrap'),
    router: cost('router')
  }
}

/** @returns until a router that was there before knows all */
async function grow(
  hosts: readonly MeteredWorkers[],
  router: MeteredRouter,
  { seed, workers }: ScaleInit
): Promise<number> {
  const beganMs = systemClock.monotonicMs()
  const started = hosts.map(async (host, index) => {
    const from = Math.floor((workers * index) / hosts.length)
    const to = Math.floor((workers * (index + 1)) / hosts.length)
    await host.start({ seed, index: from, count: to - from })
  })
  await Promise.all(started)
  await readyCount(router, workers + 1)
  return systemClock.monotonicMs() - beganMs
}

/** Waits until a router that was just started knows all. */
export async function meet(router: MeteredRouter, all: number): Promise<Newcomer> {
  const beganMs = systemClock.monotonicMs()
  const sinceMs = (): number => systemClock.monotonicMs() - beganMs
  const [filterMs, missingCount] = await Promise.all([
    untilFound(router, beganMs + KNOWN_MS_MAX).then(sinceMs),
    readyCount(router, all).then((count) => all - count)
  ])
  return { startMs: router.startMs, filterMs, allMs: sinceMs(), missingCount }
}

/** Waits until there are so many. @returns how many there were at the end */
async function readyCount({ client }: MeteredRouter, wanted: number): Promise<number> {
  const untilMs = systemClock.monotonicMs() + KNOWN_MS_MAX
  for (;;) {
    const { workers_ready: count } = await client.health()
    if (count >= wanted || systemClock.monotonicMs() > untilMs) return count
    await sleep(systemClock, POLL_MS)
  }
}

async function untilFound({ client }: MeteredRouter, untilMs: number): Promise<void> {
  const filter = { require: [`${RARE_LABEL.name} = ${RARE_LABEL.value}`] }
  while (systemClock.monotonicMs() < untilMs) {
    if ((await client.nodes(filter)).length > 0) return
    await sleep(systemClock, POLL_MS)
  }
}

type Kind = 'hosts' | 'worker' | 'bootstrap' | 'router'

type Look = Record<Kind, Moment[]>

async function look(kinds: Record<Kind, readonly MeteredProcess[]>): Promise<Look> {
  const { bootstrap, hosts, router, worker } = kinds
  return {
    hosts: await figuresOf(hosts),
    worker: await figuresOf(worker),
    bootstrap: await figuresOf(bootstrap),
    router: await figuresOf(router)
  }
}

/** One after the other: collecting garbage keeps a processor busy. */
async function figuresOf(processes: readonly MeteredProcess[]): Promise<Moment[]> {
  const moments: Moment[] = []
  for (const process of processes) {
    const figures = await process.figures()
    moments.push({ ...figures, atMs: systemClock.monotonicMs() })
  }
  return moments
}
