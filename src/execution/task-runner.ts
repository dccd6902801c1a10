/**
 * Brings one task from its arrival to its end: decides whether it may come in, asks the owner's rule
 * where there is one, waits for a slot, has its inputs brought, the engine run it and its outputs taken,
 * and says how it ended. It knows nothing of who asked.
 */
import { BYTES_PER_MB } from '../core/units.ts'
import { MeshError } from '../core/errors.ts'
import { RouterAdmission } from './owner/router-admission.ts'
import { NO_TRACER } from '../observe/tracing.ts'
import { RouterPlaces } from './router-places.ts'
import { TaskTally } from './task-tally.ts'
import { NO_INPUTS, fetchInputs, needsInputs } from './input-phase.ts'
import { runTask } from './task-run.ts'
import { traceTask } from './task-traces.ts'
import { closedError, fullReason, isBusy, refusalOf } from './owner/admission.ts'
import type { AdmissionFacts, AdmissionRules } from './owner/admission.ts'
import type { AdmitRule, TaskSummary } from './owner/admit-rule.ts'
import type { AvailabilityKeeper } from './owner/availability.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor } from '../executors/executor.ts'
import type { ExecutorRegistry } from '../executors/executor-registry.ts'
import type { HostMonitor } from '../host/host-monitor.ts'
import type { LoadChange } from './load-news.ts'
import type { LogSpools } from './log-spool.ts'
import type { ReadyInputs, TaskFiles } from './ports.ts'
import type { RouterAdmissionComponents, RouterAdmissionInit } from './owner/router-admission.ts'
import type { Seat } from './router-places.ts'
import type { Task, TaskEnd } from './task.ts'
import type { Tracer } from '../observe/tracing.ts'
import type { TraceContext } from '../model/trace-context.ts'

export interface TaskRunnerComponents {
  clock: Clock
  executors: ExecutorRegistry
  files: TaskFiles
  spools: LogSpools
  host: HostMonitor
  availability: AvailabilityKeeper
  /** The owner's own rule, asked about every task. */
  admitRule?: AdmitRule | undefined
  /** @default traces go nowhere */
  tracer?: Tracer
  /** Labels of a peer's certificate. @default nobody has one */
  labelsOf?: RouterAdmissionComponents['labelsOf']
  /** Called when a task has come in, begun or ended. */
  onLoad?: ((change: LoadChange) => void) | undefined
}

export interface TaskRunnerInit extends AdmissionRules {
  /** What the owner lets routers ask for. @default anything */
  routerRules?: RouterAdmissionInit['rules']
  /** How long a task may wait for a slot. @default LIMITS.workerWaitMsMax */
  waitMsMax?: number | undefined
}

/** What a task is to others while it is on its way. */
export interface Errand {
  task: Task
  /** Who sent it. */
  router: string
  /** What it is a part of. */
  trace?: TraceContext | undefined
  /** For the owner's rule. */
  describe: () => TaskSummary
  /** Called with the slot in hand, before its inputs come, where it has any. */
  onFetching?: () => void
  /** Called with the slot in hand, and its inputs, before the engine starts; what it throws keeps the task from beginning. */
  onBegin?: () => Promise<void>
}

/** A task that is over, with what it had. */
interface Leaving {
  seat: Seat
  inputs: ReadyInputs | undefined
  lingering: Promise<void> | undefined
}

export class TaskRunner {
  readonly #components: TaskRunnerComponents
  readonly #init: TaskRunnerInit
  readonly #places: RouterPlaces
  /** What the owner lets each router ask for. */
  readonly routers: RouterAdmission
  /** What became of tasks. */
  readonly tally = new TaskTally()
  readonly #running = new Set<Task>()
  readonly #closing = new AbortController()
  #askingCount = 0
  /** Tasks that have their slot, and whose inputs are on their way: each may be handed back. */
  readonly #fetching = new Set<AbortController>()
  /** Tasks that have their slot, and whose beginning is being written down. */
  #startingCount = 0
  #begunCount = 0

  constructor(components: TaskRunnerComponents, init: TaskRunnerInit) {
    this.#components = components
    this.#init = init
    const onChange = (hasEnded: boolean): void => this.#noteLoad(hasEnded)
    const places = new RouterPlaces({ ...components, onChange }, init)
    this.#places = places
    const { labelsOf = () => undefined } = components
    const { routerRules: rules = [], slots } = init
    this.routers = new RouterAdmission({ ...components, labelsOf, places }, { rules, slots })
  }

  /** How much work there is. */
  get figures(): RouterPlaces['figures'] {
    return this.#places.figures
  }

  get runningCount(): number {
    return this.#places.runningCount
  }

  /** Tasks that have come in and not begun. */
  get waitingCount(): number {
    return this.#places.waitingCount + this.#askingCount
  }

  get gpusTakenCount(): number {
    return this.#places.gpusTakenCount
  }

  /** Never rejects. Resolves once the task's slot is free again, or left to what nobody can end. */
  async run(errand: Errand): Promise<TaskEnd> {
    const { clock, tracer = NO_TRACER } = this.#components
    const arrivedAtMs = tracer.isOn ? clock.wallMs() : 0
    const end = await this.#run(errand)
    this.tally.note(errand.task.request.task.engine, end)
    if (tracer.isOn) traceTask(tracer, errand, { arrivedAtMs, end })
    return end
  }

  async #run(errand: Errand): Promise<TaskEnd> {
    const { task } = errand
    const { clock } = this.#components
    const arrivedMs = clock.monotonicMs()
    let executor: Executor
    let seat: Seat
    try {
      task.signal.throwIfAborted()
      executor = this.#components.executors.get(task.request.task.engine)
      assertAllowed(executor, task)
      this.#admit(errand)
      if (this.#components.admitRule !== undefined) await this.#askOwner(errand)
      seat = this.#claim(errand)
      const waiting = this.#places.enter(seat, task.signal)
      if (waiting !== undefined) await waiting
    } catch (cause) {
      return neverBegan(cause, clock.monotonicMs() - arrivedMs)
    }
    const waitedMs = clock.monotonicMs() - arrivedMs
    let lingering: Promise<void> | undefined
    let inputs: ReadyInputs | undefined
    this.#running.add(task)
    try {
      // The slot may have come in the same moment as the end of all interest in it.
      task.signal.throwIfAborted()
      const slotMs = clock.monotonicMs()
      if (needsInputs(task)) inputs = await this.#fetch(errand)
      const fetchedMs = inputs === undefined ? undefined : clock.monotonicMs() - slotMs
      task.signal.throwIfAborted()
      if (errand.onBegin !== undefined) await this.#begin(errand.onBegin)
      task.signal.throwIfAborted()
      this.#countBegun()
      const ready = { executor, task, gpus: seat.place.gpus, inputs: inputs ?? NO_INPUTS }
      const ran = await runTask(this.#components, ready, { waitedMs, fetchedMs })
      lingering = ran.lingering
      this.#places.learn(task.request, ran.end.ranMs)
      return ran.end
    } catch (cause) {
      return neverBegan(cause, waitedMs)
    } finally {
      this.#running.delete(task)
      void this.#leave({ seat, inputs, lingering })
    }
  }

  /** Sends away all that have not begun. */
  handBack(error: MeshError): void {
    this.#places.handBack(error)
    for (const fetching of this.#fetching) fetching.abort(error)
  }

  /** Ends all that run. */
  cutOff(error: MeshError): void {
    for (const task of this.#running) task.stop(error)
  }

  /** Resolves when nothing runs. */
  async whenIdle(): Promise<void> {
    await this.#places.whenIdle()
  }

  /** The owner's rule is asked no more. */
  close(error: MeshError): void {
    this.#closing.abort(error)
    this.handBack(error)
  }

  /** Counts tasks from anew: the owner has opened the worker again. */
  forgetCount(): void {
    this.#begunCount = 0
  }

  /** What can be ended by nobody keeps what it has. */
  async #leave({ inputs, lingering, seat }: Leaving): Promise<void> {
    await this.#places.leave(seat, lingering)
    await inputs?.release()
  }

  #noteLoad(hasEnded: boolean): void {
    const { availability, onLoad } = this.#components
    if (onLoad === undefined) return
    const { slots } = this.#init
    const [running, waiting] = [this.#places.runningCount, this.waitingCount]
    const mood = running >= slots ? 'full' : running + waiting === 0 ? 'idle' : 'some'
    const { queuedMs } = this.#places.figures
    const isOpen = availability.current === 'open'
    const hasRoom = isOpen && !isBusy({ running, waiting, queuedMs }, this.#init)
    onLoad({ mood, hasNewRoom: hasEnded && hasRoom })
  }

  /** Who is handed back meanwhile has not begun. */
  async #fetch({ onFetching, task }: Errand): Promise<ReadyInputs> {
    const fetching = new AbortController()
    this.#fetching.add(fetching)
    try {
      task.enter('fetching')
      onFetching?.()
      const signal = AbortSignal.any([task.signal, fetching.signal])
      return await fetchInputs(this.#components, task, signal)
    } finally {
      this.#fetching.delete(fetching)
    }
  }

  async #begin(onBegin: () => Promise<void>): Promise<void> {
    this.#startingCount += 1
    try {
      await onBegin()
    } finally {
      this.#startingCount -= 1
    }
  }

  /** @throws MeshError WORKER_STOPPING, WORKER_CORDONED, RESOURCES_UNAVAILABLE, OWNER_REFUSED, WORKER_BUSY */
  #admit({ router, task }: Errand): void {
    const limits = this.routers.limitsOf(router)
    if (limits !== undefined) this.routers.require(router, limits, task.request)
    const refusal = refusalOf(task.request.memoryBytesMax, this.#facts(), this.#init)
    if (refusal === undefined) return
    // Nobody is kept out by how many tasks another has sent.
    if (refusal.code !== 'WORKER_BUSY' || !this.#places.makeRoomFor(router)) throw refusal
  }

  /** @throws MeshError OWNER_REFUSED, WORKER_BUSY */
  #claim({ router, task }: Errand): Seat {
    const limits = this.routers.limitsOf(router)
    if (limits !== undefined) this.routers.count(router, limits)
    return this.#places.claim(router, task.request, this.routers.slotsOf(limits))
  }

  #facts(): AdmissionFacts {
    const { availability, host } = this.#components
    const { capabilities } = host.snapshot()
    return {
      availability: availability.current,
      reason: availability.reason,
      running: this.#places.runningCount,
      waiting: this.waitingCount,
      queuedMs: this.#places.figures.queuedMs,
      begun: this.#begunCount + this.#startingCount + this.#fetching.size,
      cpuUsage: capabilities.cpu_usage,
      cpuCores: capabilities.cpu_cores,
      recentRunning: this.#init.isIdleOnly === true ? this.#places.recentCount() : 0,
      memoryTotalBytes: capabilities.memory_total_mb * BYTES_PER_MB
    }
  }

  /** The place in the line is held meanwhile; what has changed by then is looked at once more. */
  async #askOwner(errand: Errand): Promise<void> {
    const { describe, task } = errand
    this.#askingCount += 1
    try {
      const signal = AbortSignal.any([task.signal, this.#closing.signal])
      await this.#components.admitRule?.ask(describe(), { signal })
    } finally {
      this.#askingCount -= 1
    }
    this.#admit(errand)
  }

  #countBegun(): void {
    const { jobsMax } = this.#init
    this.#begunCount += 1
    if (jobsMax === undefined || this.#begunCount !== jobsMax) return
    this.#components.availability.cordonForThisRun(fullReason(jobsMax))
  }
}

/** What a drain or an end of the worker says to those that wait. */
export function handBackError(availability: AvailabilityKeeper): MeshError {
  return closedError(availability.current, availability.reason)
}

/**
 * Routers know it from the capability record; this is for those that do not ask, or are behind.
 * @throws MeshError OWNER_REFUSED, ENGINE_UNAVAILABLE
 */
function assertAllowed(executor: Executor, { request }: Task): void {
  if (request.network && !executor.allowsNetwork) {
    const message = `this worker keeps engine ${executor.engine} from the network`
    throw new MeshError('OWNER_REFUSED', message, { path: 'network.mode' })
  }
  const refusal = executor.refusalOf(request.task)
  if (refusal !== undefined) throw refusal
}

function neverBegan(cause: unknown, waitedMs: number): TaskEnd {
  return { hasBegun: false, error: MeshError.from(cause), logsDroppedBytes: 0, waitedMs }
}
