/**
 * What a job asks for, compiled: its plan, its request to selection, and its lane. A hundred thousand
 * equal jobs share one, so that each of them costs little while it waits.
 */
import { compileSpec } from '../model/job.ts'
import { resolveWeights } from '../selection/weights.ts'
import type { JobPlan, JobSpec } from '../model/job.ts'
import type { SelectionRequest } from '../selection/candidate.ts'

export interface Demand {
  /** For the records of all jobs that ask for the same. */
  spec: JobSpec
  plan: JobPlan
  /** Before anybody was tried or has refused. */
  request: SelectionRequest
  /** Equal for jobs that ask for the same of a worker. */
  lane: string
}

/** Kinds of jobs remembered for sharing; a router's users have few, and a forgotten one is compiled anew. */
const KEPT_MAX = 1_024

const NOBODY: ReadonlyMap<string, string> = new Map()

export class DemandCache {
  readonly #defaults: SelectionRequest['defaults']
  /** By the text of the spec; oldest first. */
  readonly #kept = new Map<string, Demand>()

  constructor(defaults: SelectionRequest['defaults']) {
    this.#defaults = defaults
  }

  /** @throws MeshError FIELD_INVALID where a text does not parse or the weights make no score */
  of(spec: JobSpec): Demand {
    const key = JSON.stringify(spec)
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    const demand = toDemand(spec, this.#defaults)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < KEPT_MAX) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(key, demand)
    return demand
  }
}

function toDemand(spec: JobSpec, defaults: SelectionRequest['defaults']): Demand {
  const plan = compileSpec(spec)
  const { engine, hasNetwork, placement, resources, retry, route, taskName, taskType } = plan
  const { runMs } = plan.timeouts
  const { sameWorker } = retry
  // Of a result that is to be checked, a trusted worker's needs it least.
  const trust = plan.verify.mode === 'none' ? ('any' as const) : ('trusted_first' as const)
  const request = {
    engine,
    taskName,
    taskType,
    hasNetwork,
    runMs,
    resources,
    placement,
    route,
    sameWorker,
    trust,
    triedWorkers: [],
    refusedLately: NOBODY,
    defaults
  }
  resolveWeights(request)
  return {
    spec,
    plan,
    request,
    lane: JSON.stringify([
      taskType,
      taskName,
      hasNetwork,
      runMs,
      resources,
      placement,
      route,
      sameWorker,
      trust
    ])
  }
}
