/** A request made ready to be held against many workers: its rules, its weights, what room it needs. */
import { machineRules, toMb } from './machine-rules.ts'
import { placementRules } from './placement-rules.ts'
import { resolveWeights } from './weights.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { Need } from './room.ts'
import type { Rule } from './rule.ts'
import type { ResolvedWeights } from './weights.ts'

export interface CompiledRequest extends ResolvedWeights {
  request: SelectionRequest
  /** Only those that this request gives cause for, in the order in which reasons are given. */
  rules: readonly Rule[]
  need: Need
}

/** @throws MeshError FIELD_INVALID where the weights make no score */
export function compileRequest(request: SelectionRequest): CompiledRequest {
  const { preset, weights } = resolveWeights(request)
  return { request, preset, weights, rules: compileRules(request), need: needOf(request) }
}

export function compileRules(request: SelectionRequest): Rule[] {
  return [...machineRules(request), ...placementRules(request)].filter((rule) => rule !== undefined)
}

export function needOf({ resources }: SelectionRequest): Need {
  return { memoryMb: toMb(resources.memoryBytes), gpuCount: resources.gpuCount }
}

/** The first rule that refuses a worker: the one that it is counted under. */
export function firstRefusal(rules: readonly Rule[], candidate: Candidate): Rule | undefined {
  for (const rule of rules) {
    if (rule.refuses(candidate)) return rule
  }
  return undefined
}
