/**
 * The six parts of a worker's score, each from 0 to 1, and their weighted sum; for a task with inputs a
 * seventh, what the worker has of them. A figure that is missing or absurd scores 0 in its part and spoils
 * nothing else.
 */
import { WORKER_PARTS } from './candidate.ts'
import { heldInputs } from './held-inputs.ts'
import { toFigure } from './figures.ts'
import type { ScoreTerm, ScoreTerms } from '../model/generated/decision.ts'
import type { Candidate, InputFiles, ScorePart, Weights, WorkerPart } from './candidate.ts'

/** More cores than this make no difference to one task. */
const CPU_CORES_FULL = 16
/** A latency of this many milliseconds scores one half. */
const LATENCY_HALF_MS = 100
/** What an unmeasured path is taken for. */
export const LATENCY_ASSUMED_MS = 100
/** 24 GiB of GPU memory and 10 000 compute units are a full score. */
const GPU_MEMORY_FULL_MB = 24_576
const GPU_COMPUTE_UNITS_FULL = 10_000
const GPU_SHARES = { memory: 0.5, computeUnits: 0.3, idle: 0.2 }

/** The weighted sum, 0 to 1 for weights that sum to 1. */
export function weightedScore(candidate: Candidate, weights: Weights, inputs?: InputFiles): number {
  const sum =
    weights.cpu * scoreCpu(candidate) +
    weights.memory * scoreMemory(candidate) +
    weights.disk * scoreDisk(candidate) +
    weights.gpu * scoreGpu(candidate) +
    weights.latency * scoreLatency(candidate) +
    weights.reputation * scoreReputation(candidate)
  if (inputs === undefined) return clampToUnit(sum)
  return clampToUnit(sum + (weights.data ?? 0) * scoreData(candidate, inputs))
}

/** The same sum term by term, for people, with what each part was expected to cost. */
export function scoreTerms(
  candidate: Candidate,
  weights: Weights,
  costMs: Readonly<Record<ScorePart, number>>,
  inputs?: InputFiles
): ScoreTerms {
  const terms: ScoreTerms = {}
  for (const part of WORKER_PARTS) {
    const { scoreOf, rawOf, ageMsOf } = PARTS[part]
    const facts = { raw: rawOf(candidate), score: scoreOf(candidate), ageMs: ageMsOf(candidate) }
    terms[part] = toTerm(facts, weights[part], costMs[part])
  }
  if (inputs !== undefined) {
    const { peerId } = candidate
    const score = scoreData(candidate, inputs)
    const facts = { raw: heldInputs(inputs, peerId).bytes, score, ageMs: inputs.ageMs(peerId) }
    terms['data'] = toTerm(facts, weights.data ?? 0, costMs.data)
  }
  return terms
}

function toTerm(
  { ageMs, raw, score }: { raw: number; score: number; ageMs: number },
  weight: number,
  costMs: number
): ScoreTerm {
  return {
    raw: toFigure(raw),
    score: toFigure(score),
    weight: toFigure(weight),
    weighted: toFigure(weight * score),
    ms: toFigure(costMs),
    age_ms: Math.max(0, Math.round(toFigure(ageMs)))
  }
}

export function scoreCpu({ cpuCores, cpuUsage }: Candidate): number {
  return share(cpuCores, CPU_CORES_FULL) * share(100 - cpuUsage, 100)
}

export function scoreMemory({ memoryAvailableMb, memoryTotalMb }: Candidate): number {
  return share(memoryAvailableMb, memoryTotalMb)
}

export function scoreDisk({ diskAvailableMb, diskTotalMb }: Candidate): number {
  return share(diskAvailableMb, diskTotalMb)
}

export function scoreGpu(candidate: Candidate): number {
  if (!(candidate.gpuCount > 0)) return 0
  return (
    GPU_SHARES.memory * share(candidate.gpuMemoryMb, GPU_MEMORY_FULL_MB) +
    GPU_SHARES.computeUnits * share(candidate.gpuComputeUnits, GPU_COMPUTE_UNITS_FULL) +
    GPU_SHARES.idle * share(100 - candidate.gpuUsage, 100)
  )
}

export function scoreLatency({ latencyMs = LATENCY_ASSUMED_MS }: Candidate): number {
  return clampToUnit(1 / (1 + Math.max(0, latencyMs) / LATENCY_HALF_MS))
}

export function scoreReputation({ reputation }: Candidate): number {
  return clampToUnit(reputation)
}

export function scoreData({ peerId }: Candidate, inputs: InputFiles): number {
  return clampToUnit(heldInputs(inputs, peerId).share)
}

interface Part {
  readonly scoreOf: (candidate: Candidate) => number
  /** The fact that a person would look at first. */
  readonly rawOf: (candidate: Candidate) => number
  readonly ageMsOf: (candidate: Candidate) => number
}

const PARTS: Readonly<Record<WorkerPart, Part>> = {
  cpu: { scoreOf: scoreCpu, rawOf: ({ cpuCores }) => cpuCores, ageMsOf: ({ ages }) => ages.loadMs },
  memory: {
    scoreOf: scoreMemory,
    rawOf: ({ memoryAvailableMb }) => memoryAvailableMb,
    ageMsOf: ({ ages }) => ages.loadMs
  },
  disk: {
    scoreOf: scoreDisk,
    rawOf: ({ diskAvailableMb }) => diskAvailableMb,
    ageMsOf: ({ ages }) => ages.loadMs
  },
  gpu: {
    scoreOf: scoreGpu,
    rawOf: ({ gpuMemoryMb }) => gpuMemoryMb,
    ageMsOf: ({ ages }) => ages.capabilitiesMs
  },
  latency: {
    scoreOf: scoreLatency,
    rawOf: ({ latencyMs = LATENCY_ASSUMED_MS }) => latencyMs,
    ageMsOf: ({ ages }) => ages.latencyMs
  },
  reputation: {
    scoreOf: scoreReputation,
    rawOf: ({ reputation }) => reputation,
    ageMsOf: ({ ages }) => ages.reputationMs
  }
}

/** Part of a whole, 0 to 1; nothing of a whole that is zero or not a number. */
function share(part: number, whole: number): number {
  return whole > 0 ? clampToUnit(part / whole) : 0
}

/** Comparisons with NaN are false, so NaN becomes 0. */
export function clampToUnit(value: number): number {
  if (!(value > 0)) return 0
  return value < 1 ? value : 1
}
