/**
 * What the figures of the manual show, computed by the rooms that the mesh itself runs: scores by `reputation/`, choices by
 * `selection/`. The same numbers come out on every machine, so a test holds the drawn files to them.
 */
import { buildCandidate, buildRequest } from '../support/build-candidate.ts'
import { decay, expectedShare, lowerBound, upperBound } from '../../src/reputation/score.ts'
import { selectWorker } from '../../src/selection/select.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { Candidate, SelectionRequest } from '../../src/selection/candidate.ts'
import type { DecisionCandidate } from '../../src/model/generated/decision.ts'
import type { Evidence } from '../../src/reputation/score.ts'

const SEED = 7
const HOUR_MS = 3_600_000
/** A task of a second on a machine of 1 GHz, of a type that is known by now. */
const WORK_MS = 1_000
/** All workers are proven and equal but for what a figure is about. */
const PROVEN = {
  latencyMs: 2,
  path: 'lan',
  prospect: 0.98,
  evidenceCount: 100,
  evidenceLeft: 90
} as const

export interface IntervalPoint {
  at: number
  lower: number
  expected: number
  upper: number
}

/** What is said of a worker after so many tasks, of which it loses none, or every tenth (which counts twice). */
export function intervalsByTasks(lostShare: number): IntervalPoint[] {
  return Array.from({ length: 51 }, (_, index) => {
    const tasks = index * 2
    const lost = tasks * lostShare
    return intervalOf(tasks, evidenceOf({ good: tasks - lost, bad: 2 * lost }))
  })
}

/** What is left of a hundred tasks, ten of them lost, when nothing more is heard. */
export function intervalsBySilence(): IntervalPoint[] {
  const known = evidenceOf({ good: 90, bad: 20 })
  return Array.from({ length: 49 }, (_, hours) => intervalOf(hours, decay(known, hours * HOUR_MS)))
}

function evidenceOf({ bad, good }: Pick<Evidence, 'bad' | 'good'>): Evidence {
  return { good, bad, right: 0, wrong: 0, streak: 0 }
}

function intervalOf(at: number, evidence: Evidence): IntervalPoint {
  const [lower, upper] = [lowerBound(evidence), upperBound(evidence)]
  return { at, lower, expected: expectedShare(evidence), upper }
}

export interface CostBar {
  name: string
  /** Milliseconds by the columns of `job explain`. */
  parts: Readonly<Record<string, number>>
  chance: number
}

/** One task of 600 ms at 1 GHz, and five workers: one has nothing against it, each other one is the worst in one respect. */
export function costsOfFive(): CostBar[] {
  const workers: Readonly<Record<string, Partial<Candidate>>> = {
    'fast, near, free': { speed: 4 },
    'faster, far': { speed: 4.5, latencyMs: 60 },
    'near, slower': { speed: 2.6 },
    'fast, near, busy': { speed: 4, running: 4, waitMs: 90 },
    'fast, near, loses one in twenty': { speed: 4, prospect: 0.95 }
  }
  const candidates = Object.entries(workers).map(([peerId, own]) =>
    buildCandidate({ ...PROVEN, peerId, ...own })
  )
  const selection = selectWorker(buildRequest(), candidates, { draw: 0.5, nowMs: 0, workMs: 600 })
  return selection.explain().candidates.map((row) => ({
    name: row.peer_id,
    chance: row.probability ?? 0,
    parts: {
      NET: msOf(row, 'latency'),
      WAIT: row.wait_ms,
      RUN: row.run_ms,
      'CROWD, MEM, DISK': row.crowd_ms + msOf(row, 'memory') + msOf(row, 'disk'),
      RISK: msOf(row, 'reputation')
    }
  }))
}

function msOf({ terms }: DecisionCandidate, term: string): number {
  return terms[term]?.ms ?? 0
}

export interface WorkerShare {
  name: string
  /** Tasks that it got, and how many its slots and speed would make of all. */
  tasks: number
  capacity: number
}

export interface Shares {
  workers: WorkerShare[]
  /** When the last task was done, here and where each worker had its turn. */
  doneMs: number
  byTurnsMs: number
}

const SPEEDS = [8, 4, 2, 1] as const
const SLOTS = 2
const TASKS = 100

/** A hundred equal tasks that come at once, on four workers of two slots each, from 1 to 8 GHz. */
export function sharesOfHundred(): Shares {
  const { random, counts } = { random: seededRandom(SEED), counts: SPEEDS.map(() => 0) }
  const ends: number[][] = SPEEDS.map(() => [])
  let nowMs = 0
  for (let task = 0; task < TASKS; task += 1) {
    let index = chosenOf(ends, nowMs, random.next())
    while (index < 0) {
      nowMs = Math.min(...ends.flat().filter((end) => end > nowMs))
      index = chosenOf(ends, nowMs, random.next())
    }
    counts[index] = (counts[index] ?? 0) + 1
    ends[index]?.push(endOf(ends[index] ?? [], index, nowMs))
  }
  const sum = SPEEDS.reduce((total, speed) => total + speed, 0)
  const workers = SPEEDS.map((speed, index) => ({
    name: `${speed} GHz`,
    tasks: counts[index] ?? 0,
    capacity: (TASKS * speed) / sum
  }))
  const slowest = SPEEDS.at(-1) ?? 1
  const byTurnsMs = (TASKS / SPEEDS.length / SLOTS) * (WORK_MS / slowest)
  return { workers, doneMs: Math.max(...ends.flat()), byTurnsMs: Math.ceil(byTurnsMs) }
}

/** @returns -1 where nobody has room now */
function chosenOf(ends: readonly (readonly number[])[], nowMs: number, draw: number): number {
  const candidates = SPEEDS.map((speed, index) => {
    const under = (ends[index] ?? []).filter((end) => end > nowMs).toSorted((a, b) => a - b)
    const running = Math.min(SLOTS, under.length)
    const queued = under.length - running
    const waitMs = running < SLOTS ? 0 : (under.at(-SLOTS) ?? nowMs) - nowMs
    const queuedMs = (queued * WORK_MS) / speed / SLOTS
    return buildCandidate({
      ...PROVEN,
      peerId: String(index),
      slots: SLOTS,
      queueSlots: 16,
      speed,
      running,
      queued,
      waitMs,
      queuedMs
    })
  })
  const { chosenPeerId } = selectWorker(buildRequest(), candidates, {
    draw,
    nowMs,
    workMs: WORK_MS
  })
  return chosenPeerId === undefined ? -1 : Number(chosenPeerId)
}

/** In the slot that is free first. */
function endOf(ends: readonly number[], index: number, nowMs: number): number {
  const last = ends.toSorted((a, b) => b - a)
  const freeMs = Math.max(nowMs, last[SLOTS - 1] ?? nowMs)
  return freeMs + WORK_MS / (SPEEDS[index] ?? 1)
}

export interface Herding {
  /** Tasks by worker, most first. */
  drawn: number[]
  best: number[]
  routers: number
}

const HERD_ROUTERS = 12
const HERD_WORKERS = 12

/** Twelve routers that have heard the same send one task each in the same moment, to twelve workers that differ by little. */
export function herdOfTwelve(): Herding {
  const candidates = Array.from({ length: HERD_WORKERS }, (_, index) =>
    buildCandidate({
      ...PROVEN,
      peerId: `w${index}`,
      speed: 3 + index * 0.01,
      slots: 4,
      routers: HERD_ROUTERS
    })
  )
  return {
    drawn: herd(buildRequest(), candidates),
    best: herd(buildRequest({ route: { pick: 'best' } }), candidates),
    routers: HERD_ROUTERS
  }
}

function herd(request: SelectionRequest, candidates: readonly Candidate[]): number[] {
  const random = seededRandom(SEED)
  const counts = new Map<string, number>()
  for (let router = 0; router < HERD_ROUTERS; router += 1) {
    const circumstances = { draw: random.next(), nowMs: 0, workMs: WORK_MS }
    const { chosenPeerId = '' } = selectWorker(request, candidates, circumstances)
    counts.set(chosenPeerId, (counts.get(chosenPeerId) ?? 0) + 1)
  }
  return [...counts.values()].toSorted((left, right) => right - left)
}
