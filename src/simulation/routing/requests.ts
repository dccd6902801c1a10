/** What simulated jobs ask for, as requests to selection: one for each kind of job, shared by all of that kind. */
import { BYTES_PER_MB } from '../../core/units.ts'
import { ENGINE } from './worker-view.ts'
import type { SelectionRequest } from '../../selection/candidate.ts'
import type { Placement } from '../../model/job.ts'
import type { SimJob } from './attempt.ts'

export interface Demand {
  request: SelectionRequest
  lane: string
}

const NOBODY: ReadonlyMap<string, string> = new Map()
const ANYWHERE: Placement = {
  require: [],
  prefer: [],
  latencyMsMax: undefined,
  reputationMin: undefined,
  evidenceMin: undefined,
  only: [],
  never: []
}
/** As jobs have it that say nothing of it. */
const PICK_COUNT = 3
const RUN_MS = 30 * 60_000

export class Requests {
  readonly #demands = new Map<string, Demand>()

  /** @param tried a worker that is avoided */
  of({ memoryMb, taskType }: SimJob, tried?: string): Demand {
    const lane = `${taskType} ${memoryMb}`
    if (tried !== undefined) return toDemand(taskType, memoryMb, [tried], `${lane} not ${tried}`)
    let demand = this.#demands.get(lane)
    if (demand === undefined) {
      demand = toDemand(taskType, memoryMb, [], lane)
      this.#demands.set(lane, demand)
    }
    return demand
  }
}

function toDemand(
  taskType: string,
  memoryMb: number,
  triedWorkers: readonly string[],
  lane: string
): Demand {
  const request: SelectionRequest = {
    engine: ENGINE,
    taskType,
    taskName: undefined,
    hasNetwork: false,
    runMs: RUN_MS,
    resources: { cpuCores: 0, memoryBytes: memoryMb * BYTES_PER_MB, diskBytes: 0, gpuCount: 0 },
    placement: ANYWHERE,
    route: { preset: undefined, weights: undefined, pickCount: PICK_COUNT },
    triedWorkers,
    sameWorker: 'avoid',
    refusedLately: NOBODY,
    trust: 'any',
    defaults: { preset: 'balanced', weights: undefined }
  }
  return { request, lane }
}
