/** The weights that may count for a choice, as people look at them: each as factors on milliseconds. */
import { PRESETS, factorsOf, resolveWeights } from './weights.ts'
import { SCORE_PARTS } from './candidate.ts'
import type { SelectionRequest, Weights } from './candidate.ts'
import type { WeightSet, WeightsView } from '../model/generated/api-weights.ts'

/** Measured: twice the factor cost up to a quarter of the median, four times it up to twice as much. */
const LATENCY_FACTOR_MAX = 2

/** @param own what the router's settings say */
export function weightsView(own: SelectionRequest['defaults']): WeightsView {
  const { preset, weights } = resolveWeights({ route: NO_ROUTE, defaults: own, inputs: undefined })
  const set = toSet(own.weights === undefined ? preset : `${preset}, changed`, weights)
  const presets = Object.entries(PRESETS).map(([name, one]) => toSet(name, one))
  return { own: set, presets, warnings: warningsOn(set) }
}

/** What is likely to cost more than it brings. */
export function warningsOn({ factors, name }: WeightSet): string[] {
  const latency = factors['latency'] ?? 0
  const least = Math.min(...[factors['cpu'] ?? 0].filter((factor) => factor > 0))
  const times = latency / least
  if (!(times > LATENCY_FACTOR_MAX)) return []
  return [
    `${name}: a millisecond of path counts ${shown(times)} times one of waiting or running; above ${LATENCY_FACTOR_MAX} tasks crowd on near workers (measured: at 4 the median is 1.2 to 2.1 times as long)`
  ]
}

const NO_ROUTE = { preset: undefined, weights: undefined }

function toSet(name: string, weights: Weights): WeightSet {
  const factors = factorsOf(weights)
  const shownFactors = SCORE_PARTS.map((part) => [part, shown(factors[part])])
  return { name, weights: { ...weights }, factors: Object.fromEntries(shownFactors) }
}

function shown(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
