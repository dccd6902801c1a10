/** A request made ready to be held against many workers: its rules, its weights, what room it needs. */
import { machineRules, toMb } from './machine-rules.ts'
import { placementRules } from './placement-rules.ts'
import { STANDING_RULES, isInOrder } from './standing-rules.ts'
import { factorsOf, resolveWeights } from './weights.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { Need } from './room.ts'
import type { Rule } from './rule.ts'
import type { Factors, ResolvedWeights } from './weights.ts'

export interface CompiledRequest extends ResolvedWeights {
  request: SelectionRequest
  /** How often a millisecond of each part of the cost counts. */
  factors: Factors
  /** Only those that this request gives cause for, in the order in which reasons are given. */
  rules: readonly Rule[]
  need: Need
}

/** @throws MeshError FIELD_INVALID where the weights make no score */
export function compileRequest(request: SelectionRequest): CompiledRequest {
  const { preset, weights } = resolveWeights(request)
  const factors = factorsOf(weights)
  return { request, preset, weights, factors, rules: compileRules(request), need: needOf(request) }
}

export function compileRules(request: SelectionRequest): Rule[] {
  const own = [...machineRules(request), ...placementRules(request)]
  return [...STANDING_RULES, ...own.filter((rule) => rule !== undefined)]
}

export function needOf({ resources }: SelectionRequest): Need {
  const { diskBytes, gpuCount, memoryBytes } = resources
  return { memoryMb: toMb(memoryBytes), diskMb: toMb(diskBytes), gpuCount }
}

/**
 * The first rule that refuses a worker: the one that it is counted under.
 * @param rules as `compileRules` gives them
 */
export function firstRefusal(rules: readonly Rule[], candidate: Candidate): Rule | undefined {
  for (
    let index = isInOrder(candidate) ? STANDING_RULES.length : 0;
    index < rules.length;
    index += 1
  ) {
    const rule = rules[index]
    if (rule?.refuses(candidate) === true) return rule
  }
  return undefined
}
