/** Weights: presets, own weights over them, who overrides whom, and what is refused. */
import { describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { PRESETS, resolveWeights } from '../../../src/selection/weights.ts'
import { buildRequest } from '../../support/build-candidate.ts'
import type { SelectionRequest } from '../../../src/selection/candidate.ts'
import type { WeightsDocument } from '../../../src/model/job.ts'

function withWeights(
  route: { preset?: SelectionRequest['route']['preset']; weights?: WeightsDocument },
  defaults: SelectionRequest['defaults'] = { preset: 'balanced', weights: undefined }
): SelectionRequest {
  const request = buildRequest()
  const { preset, weights } = route
  return { ...request, route: { ...request.route, preset, weights }, defaults }
}

const sumOf = (weights: object): number =>
  Object.values(weights).reduce((sum: number, weight: number) => sum + weight, 0)

describe('weights', () => {
  it.each(Object.entries(PRESETS))('sum to 1 in preset %s', (_name, weights) => {
    expect(sumOf(weights)).toBeCloseTo(1, 12)
  })

  it('are the reference\'s in "balanced", which is the default', () => {
    expect(resolveWeights(withWeights({}))).toEqual({
      preset: 'balanced',
      weights: { cpu: 0.2, memory: 0.15, disk: 0.15, gpu: 0, latency: 0.25, reputation: 0.25 }
    })
  })

  it('replace the named parts of the preset and are normalised', () => {
    const { weights } = resolveWeights(withWeights({ weights: { latency: 1.25 } }))
    expect(sumOf(weights)).toBeCloseTo(1, 12)
    expect(weights.latency).toBeCloseTo(1.25 / 2, 12)
    expect(weights.cpu).toBeCloseTo(0.2 / 2, 12)
  })

  it('come from the job, then the router', () => {
    const defaults = { preset: 'latency', weights: { reputation: 0.8 } } as const
    const router = resolveWeights(withWeights({}, defaults))
    expect(router.preset).toBe('latency')
    expect(router.weights.reputation).toBeCloseTo(0.5, 12)
    const named = resolveWeights(withWeights({ preset: 'cpu' }, defaults))
    expect(named).toEqual({ preset: 'cpu', weights: PRESETS.cpu })
    const part = resolveWeights(withWeights({ weights: { reputation: 0 } }, defaults))
    expect(part.preset).toBe('latency')
    expect(part.weights.latency).toBeCloseTo(0.75, 12)
  })

  it('may be very large or very small', () => {
    const huge = resolveWeights(withWeights({ weights: { cpu: 1e308, memory: 1e308 } })).weights
    expect(huge.cpu).toBeCloseTo(0.5, 12)
    const zeros = { memory: 0, disk: 0, latency: 0, reputation: 0 }
    const tiny = resolveWeights(withWeights({ weights: { ...zeros, cpu: 5e-324 } })).weights
    expect(tiny.cpu).toBe(1)
  })

  it('are refused when all are 0, with the path and a hint', () => {
    const weights = { cpu: 0, memory: 0, disk: 0, latency: 0, reputation: 0 }
    const error = refusalOf(() => resolveWeights(withWeights({ weights })))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'route.weights' })
    expect(error.hint).toContain('above 0')
    const defaults = { preset: 'balanced', weights } as const
    expect(refusalOf(() => resolveWeights(withWeights({}, defaults))).path).toBe('weights')
  })

  it.each([-0.1, Number.NaN, Infinity])('are refused when one is %d', (cpu) => {
    const error = refusalOf(() => resolveWeights(withWeights({ weights: { cpu } })))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'route.weights.cpu' })
  })
})

function refusalOf(work: () => unknown): MeshError {
  try {
    work()
  } catch (error) {
    if (error instanceof MeshError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
