/**
 * How much each part of the score counts: the presets, and a job's or router's own weights over them.
 * Precedence: what the job says, then what the router's settings say, then `balanced`. A task with inputs
 * has one part more; what is said of that part changes nothing for others.
 */
import { MeshError } from '../core/errors.ts'
import { SCORE_PARTS, WORKER_PARTS } from './candidate.ts'
import type { Preset } from '../model/job.ts'
import type { ScorePart, SelectionRequest, Weights } from './candidate.ts'

/**
 * Each sums to 1. `balanced` is the reference's; the others give their own part about half or more and
 * keep a share for reputation, because a fast worker that fails is not fast.
 */
export const PRESETS: Readonly<Record<Preset, Weights>> = {
  balanced: { cpu: 0.2, memory: 0.15, disk: 0.15, gpu: 0, latency: 0.25, reputation: 0.25 },
  cpu: { cpu: 0.5, memory: 0.15, disk: 0.05, gpu: 0, latency: 0.1, reputation: 0.2 },
  gpu: { cpu: 0.1, memory: 0.1, disk: 0.05, gpu: 0.5, latency: 0.05, reputation: 0.2 },
  latency: { cpu: 0.1, memory: 0.05, disk: 0.05, gpu: 0, latency: 0.6, reputation: 0.2 },
  reliability: { cpu: 0.1, memory: 0.1, disk: 0.05, gpu: 0, latency: 0.1, reputation: 0.65 }
}

/**
 * What `data` weighs for a task with inputs, in every preset; the preset's own parts share the rest as ever.
 * So much that a machine that has them all goes before an equal one that has none, and not before one that
 * is better in most other ways.
 */
export const DATA_WEIGHT = 0.3

const PRESETS_WITH_DATA = Object.fromEntries(
  Object.entries(PRESETS).map(([preset, weights]) => [preset, withData(weights)])
) as Readonly<Record<Preset, Weights>>

/** How often a millisecond of each part of the cost counts; 1 in `balanced`. */
export type Factors = Readonly<Record<ScorePart, number>>

/** What counts once. `balanced` gives GPUs nothing, so for them it is what each half of other parts has there. */
const ONCE: Factors = { ...PRESETS.balanced, gpu: 0.2, data: DATA_WEIGHT }

/** @param weights sum to 1; with `data`, the other parts share the rest */
export function factorsOf(weights: Weights): Factors {
  const scale = weights.data === undefined ? 1 : 1 - DATA_WEIGHT
  const factors = WORKER_PARTS.map((part) => [part, weights[part] / (ONCE[part] * scale)])
  const data = (weights.data ?? 0) / ONCE.data
  return { ...(Object.fromEntries(factors) as Factors), data }
}

/** What of a request its weights depend on. */
export interface WeightsRequest extends Pick<SelectionRequest, 'defaults' | 'inputs'> {
  route: Pick<SelectionRequest['route'], 'preset' | 'weights'>
}

export interface ResolvedWeights {
  preset: Preset
  /** Sum to 1. */
  weights: Weights
}

/**
 * The weights of one request. A job that names a preset starts from it alone; one that names only
 * weights changes those parts of the router's.
 * @throws MeshError FIELD_INVALID with path `route.weights`, or `weights` where the router's are wrong
 */
export function resolveWeights({ route, defaults, inputs }: WeightsRequest): ResolvedWeights {
  const presets = inputs === undefined ? PRESETS : PRESETS_WITH_DATA
  if (route.preset !== undefined) {
    return { preset: route.preset, weights: overlay(presets[route.preset], route.weights) }
  }
  const own = overlay(presets[defaults.preset], defaults.weights, 'weights')
  return { preset: defaults.preset, weights: overlay(own, route.weights) }
}

function overlay(
  base: Weights,
  own: Partial<Record<ScorePart, number | undefined>> | undefined,
  path = 'route.weights'
): Weights {
  if (own === undefined) return base
  const merged: Record<string, number> = { ...base }
  for (const part of SCORE_PARTS) {
    const weight = own[part]
    if (weight === undefined) continue
    if (!Number.isFinite(weight) || weight < 0) {
      throw new MeshError('FIELD_INVALID', `${path}.${part} is ${weight}`, {
        path: `${path}.${part}`,
        hint: 'a weight is a number from 0 up; to avoid workers use where.prefer with a negative weight'
      })
    }
    if (part in base) merged[part] = weight
  }
  // Where nothing but `data` is to count and there is none, what was said is beside the point.
  const isBeside = base.data === undefined && (own.data ?? 0) > 0
  if (isBeside && Object.values(merged).every((weight) => weight === 0)) return base
  return normalise(merged, path)
}

function withData(weights: Weights): Weights {
  const scaled = WORKER_PARTS.map((part) => [part, weights[part] * (1 - DATA_WEIGHT)])
  return { ...(Object.fromEntries(scaled) as Weights), data: DATA_WEIGHT }
}

function normalise(weights: Readonly<Record<string, number>>, path: string): Weights {
  const entries = Object.entries(weights)
  // Divided by the largest first, so that the sum of very large weights stays a number.
  const largest = Math.max(...entries.map(([, weight]) => weight))
  if (largest === 0) {
    throw new MeshError('FIELD_INVALID', 'all weights of the score are 0', {
      path,
      hint: `give at least one of ${Object.keys(weights).join(', ')} a weight above 0`
    })
  }
  const sum = entries.reduce((total, [, weight]) => total + weight / largest, 0)
  return Object.fromEntries(
    entries.map(([part, weight]) => [part, weight / largest / sum])
  ) as Weights
}
