/**
 * How much each part of the score counts: the presets, and a job's or router's own weights over them.
 * Precedence: what the job says, then what the router's settings say, then `balanced`.
 */
import { MeshError } from '../core/errors.ts'
import { SCORE_PARTS } from './candidate.ts'
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
export function resolveWeights({
  route,
  defaults
}: Pick<SelectionRequest, 'route' | 'defaults'>): ResolvedWeights {
  if (route.preset !== undefined) {
    return { preset: route.preset, weights: overlay(PRESETS[route.preset], route.weights) }
  }
  const own = overlay(PRESETS[defaults.preset], defaults.weights, 'weights')
  return { preset: defaults.preset, weights: overlay(own, route.weights) }
}

function overlay(
  base: Weights,
  own: Partial<Record<ScorePart, number | undefined>> | undefined,
  path = 'route.weights'
): Weights {
  if (own === undefined) return base
  const merged = { ...base }
  for (const part of SCORE_PARTS) {
    const weight = own[part]
    if (weight === undefined) continue
    if (!Number.isFinite(weight) || weight < 0) {
      throw new MeshError('FIELD_INVALID', `${path}.${part} is ${weight}`, {
        path: `${path}.${part}`,
        hint: 'a weight is a number from 0 up; to avoid workers use where.prefer with a negative weight'
      })
    }
    merged[part] = weight
  }
  return normalise(merged, path)
}

function normalise(weights: Weights, path: string): Weights {
  // Divided by the largest first, so that the sum of very large weights stays a number.
  const largest = Math.max(...SCORE_PARTS.map((part) => weights[part]))
  if (largest === 0) {
    throw new MeshError('FIELD_INVALID', 'all weights of the score are 0', {
      path,
      hint: `give at least one of ${SCORE_PARTS.join(', ')} a weight above 0`
    })
  }
  const sum = SCORE_PARTS.reduce((total, part) => total + weights[part] / largest, 0)
  return Object.fromEntries(
    SCORE_PARTS.map((part) => [part, weights[part] / largest / sum])
  ) as Record<ScorePart, number>
}
