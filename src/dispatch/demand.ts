/**
 * What a job asks for, compiled: its plan, its request to selection, and its lane. A hundred thousand
 * equal jobs share one, so that each of them costs little while it waits.
 */
import { compileJob } from '../model/job.ts'
import type { JobDocument, JobPlan } from '../model/job.ts'
import type { SelectionRequest } from '../selection/candidate.ts'

export interface Demand {
  plan: JobPlan
  /** Before anybody was tried. */
  request: SelectionRequest
  /** Equal for jobs that ask for the same of a worker. */
  lane: string
}

/** Kinds of jobs remembered for sharing; a router's users have few, and a forgotten one is compiled anew. */
const KEPT_MAX = 1_024

export class DemandCache {
  readonly #defaults: SelectionRequest['defaults']
  /** By the text of all that is compiled; oldest first. */
  readonly #kept = new Map<string, Demand>()

  constructor(defaults: SelectionRequest['defaults']) {
    this.#defaults = defaults
  }

  /** @throws MeshError FIELD_INVALID where a text does not parse */
  of(document: JobDocument): Demand {
    const { priority, resources, retry, route, task, timeouts, where } = document
    const key = JSON.stringify([task.engine, priority, resources, retry, route, timeouts, where])
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    const demand = toDemand(compileJob(document), this.#defaults)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < KEPT_MAX) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(key, demand)
    return demand
  }
}

function toDemand(plan: JobPlan, defaults: SelectionRequest['defaults']): Demand {
  const { engine, placement, resources, retry, route } = plan
  const { sameWorker } = retry
  return {
    plan,
    request: { engine, resources, placement, route, sameWorker, triedWorkers: [], defaults },
    lane: JSON.stringify([engine, resources, placement, route, sameWorker])
  }
}
