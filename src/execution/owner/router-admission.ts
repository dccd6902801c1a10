/**
 * What the owner lets each router ask of this worker: which tasks at all, how many at once, how many in a time.
 * A router whose task comes back is told by what limit, and when it is worth another try.
 */
import { MeshError } from '../../core/errors.ts'
import { Pace } from '../../core/pace.ts'
import { breachOf, describeAllowance } from '../../model/router-limits.ts'
import { formatDuration } from '../../core/units.ts'
import { isBusy, usualQueueSlots } from './admission.ts'
import { limitsFor } from '../../model/router-rules.ts'
import type { Clock } from '../../core/clock.ts'
import type { RouterLimits } from '../../model/router-limits.ts'
import type { RouterPlaces } from '../router-places.ts'
import type { RouterRule } from '../../model/router-rules.ts'
import type { TaskRequest } from '../task-request.ts'

export interface RouterAdmissionComponents {
  clock: Clock
  places: Pick<RouterPlaces, 'ownOf'>
  /** Labels of a peer's certificate; undefined where it has none. */
  labelsOf: (peer: string) => Readonly<Record<string, string>> | undefined
}

export interface RouterAdmissionInit {
  rules: readonly RouterRule[]
  /** Tasks that the worker runs at once. */
  slots: number
}

/** No sooner is another try worth it; a task may end at any moment. */
const RETRY_MS_MIN = 100
/** As many as a report can tell of. */
const ALLOWED_MAX = 1_000_000

export class RouterAdmission {
  readonly #components: RouterAdmissionComponents
  readonly #init: RouterAdmissionInit
  /** By the rate's own object: each rule has its own. */
  readonly #paces: ReadonlyMap<RouterLimits, Pace>

  constructor(components: RouterAdmissionComponents, init: RouterAdmissionInit) {
    this.#components = components
    this.#init = init
    this.#paces = new Map(
      init.rules.flatMap(({ limits }) => {
        const { rate } = limits
        if (rate === undefined) return []
        const perSecond = (rate.count * 1_000) / rate.per_ms
        return [[limits, new Pace(components.clock, { burst: rate.count, perSecond })]]
      })
    )
  }

  /** Undefined: it may ask for anything. */
  limitsOf(router: string): RouterLimits | undefined {
    const { rules } = this.#init
    if (rules.length === 0) return undefined
    return limitsFor(rules, router, () => this.#components.labelsOf(router))
  }

  /** Tasks that a router may have at once; undefined: as many as anybody. */
  slotsOf(limits: RouterLimits | undefined): number | undefined {
    if (limits?.slots === undefined && limits?.queued === undefined) return undefined
    return Math.min(limits.slots ?? Infinity, this.#init.slots)
  }

  /** Whether a task may come in, whoever else is here. @throws MeshError OWNER_REFUSED */
  require(router: string, limits: RouterLimits, request: TaskRequest): void {
    const breach = breachOf(limits, askOf(request))
    if (breach !== undefined) throw refused(breach.words, { path: breach.path })
    this.#requireRoom(router, limits)
    const waitMs = this.#paces.get(limits)?.waitMs(router, 1) ?? 0
    if (waitMs > 0) throw tooMany(limits, waitMs)
  }

  /** A task comes in. @throws MeshError OWNER_REFUSED where others have come while its owner was asked */
  count(router: string, limits: RouterLimits): void {
    const pace = this.#paces.get(limits)
    if (pace?.take(router, 1) === false) throw tooMany(limits, pace.waitMs(router, 1))
  }

  /** Tasks that a router may send now; undefined: as many as anybody. */
  allowedOf(router: string): number | undefined {
    const limits = this.limitsOf(router)
    if (limits === undefined) return undefined
    const room = this.#roomOf(router, limits)
    const left = this.#paces.get(limits)?.leftOf(router) ?? Infinity
    // What has come back of a token counts as the rest of it, once that is nothing but rounding.
    const allowed = Math.min(room, Math.floor(left + 1e-6))
    return allowed === Infinity ? undefined : Math.min(ALLOWED_MAX, allowed)
  }

  #requireRoom(router: string, limits: RouterLimits): void {
    if (this.#roomOf(router, limits) > 0) return
    const waitMs = this.#components.places.ownOf(router)?.figures.waitMs ?? 0
    throw tooMany(limits, waitMs)
  }

  #roomOf(router: string, limits: RouterLimits): number {
    const slots = this.slotsOf(limits)
    if (slots === undefined) return Infinity
    const queueSlots = limits.queued ?? usualQueueSlots(slots)
    const own = this.#components.places.ownOf(router)
    if (own === undefined) return slots + queueSlots
    const { figures, runningCount: running, waitingCount: waiting } = own
    const { queuedMs } = figures
    if (isBusy({ running, waiting, queuedMs }, { slots, queueSlots })) return 0
    return slots + queueSlots - running - waiting
  }
}

/** A task of a limited router has no more cores than it may ask for, even if it asks for none. */
export function withinLimits(request: TaskRequest, limits: RouterLimits): TaskRequest {
  const { cpu_cores: cpuCores } = limits
  return cpuCores === undefined || request.cpuCores !== undefined
    ? request
    : { ...request, cpuCores }
}

function askOf(request: TaskRequest): Parameters<typeof breachOf>[1] {
  const { cpuCores = 0, diskBytesMax = 0, gpuCount, memoryBytesMax, network, task } = request
  return {
    engine: task.engine,
    cpuCores,
    memoryBytes: memoryBytesMax,
    diskBytes: diskBytesMax,
    gpuCount,
    runMs: request.timeoutMs,
    hasNetwork: network
  }
}

/** @param words what its owner does */
function refused(
  words: string,
  init: { path?: string | undefined; retryAfterMs?: number }
): MeshError {
  return new MeshError('OWNER_REFUSED', `the owner of this worker ${words}`, init)
}

function tooMany(limits: RouterLimits, waitMs: number): MeshError {
  const retryAfterMs = Math.max(RETRY_MS_MIN, Math.ceil(waitMs))
  const words = `lets this router have ${describeAllowance(limits)}`
  return refused(`${words}; try again in ${formatDuration(retryAfterMs)}`, { retryAfterMs })
}
