/**
 * Brings one task from its arrival to its end: decides whether it may come in, asks the owner's rule
 * where there is one, waits for a slot, has the engine run it, and says how it ended. It knows nothing
 * of who asked.
 */
import { BYTES_PER_MB } from '../core/units.ts'
import { MeshError } from '../core/errors.ts'
import { GpuPool } from './gpu-pool.ts'
import { KillTimer } from './kill-timer.ts'
import { Slots } from './slots.ts'
import { closedError, fullReason, refusalOf } from './owner/admission.ts'
import type { AdmissionFacts, AdmissionRules } from './owner/admission.ts'
import type { AdmitRule, TaskSummary } from './owner/admit-rule.ts'
import type { AvailabilityKeeper } from './owner/availability.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor, TaskOutcome } from '../executors/executor.ts'
import type { ExecutorRegistry } from '../executors/executor-registry.ts'
import type { HostMonitor } from '../host/host-monitor.ts'
import type { Task, TaskEnd } from './task.ts'

export interface TaskRunnerComponents {
  clock: Clock
  executors: ExecutorRegistry
  host: HostMonitor
  availability: AvailabilityKeeper
  /** The owner's own rule, asked about every task. */
  admitRule?: AdmitRule | undefined
}

export interface TaskRunnerInit extends AdmissionRules {
  /** How long a task may wait for a slot. @default LIMITS.workerWaitMsMax */
  waitMsMax?: number | undefined
}

/** What a task is to others while it is on its way. */
export interface Errand {
  task: Task
  /** For the owner's rule. */
  describe: () => TaskSummary
  /** Called with the slot in hand, before the engine starts; what it throws keeps the task from beginning. */
  onBegin?: () => Promise<void>
}

export class TaskRunner {
  readonly #components: TaskRunnerComponents
  readonly #init: TaskRunnerInit
  readonly #slots: Slots
  readonly #gpus = new GpuPool()
  readonly #running = new Set<Task>()
  readonly #closing = new AbortController()
  #askingCount = 0
  /** Tasks that have their slot, and whose beginning is being written down. */
  #startingCount = 0
  #begunCount = 0

  constructor(components: TaskRunnerComponents, init: TaskRunnerInit) {
    this.#components = components
    this.#init = init
    this.#slots = new Slots(components.clock, init)
  }

  get runningCount(): number {
    return this.#slots.runningCount
  }

  /** Tasks that have come in and not begun. */
  get waitingCount(): number {
    return this.#slots.waitingCount + this.#askingCount
  }

  get gpusTakenCount(): number {
    return this.#gpus.takenCount
  }

  /** Never rejects. Resolves once the task's slot is free again, or left to what nobody can end. */
  async run(errand: Errand): Promise<TaskEnd> {
    const { task } = errand
    const { clock } = this.#components
    const arrivedMs = clock.monotonicMs()
    let executor: Executor
    try {
      task.signal.throwIfAborted()
      executor = this.#components.executors.get(task.request.task.engine)
      assertAllowed(executor, task)
      this.#admit(task)
      if (this.#components.admitRule !== undefined) await this.#askOwner(errand)
      const slot = this.#slots.take(task.signal)
      if (slot !== undefined) await slot
    } catch (cause) {
      return neverBegan(cause, clock.monotonicMs() - arrivedMs)
    }
    const waitedMs = clock.monotonicMs() - arrivedMs
    let lingering: Promise<void> | undefined
    let gpus: readonly number[] = []
    this.#running.add(task)
    try {
      gpus = this.#takeGpus(task.request.gpuCount)
      // The slot may have come in the same moment as the end of all interest in it.
      task.signal.throwIfAborted()
      if (errand.onBegin !== undefined) await this.#begin(errand.onBegin)
      task.signal.throwIfAborted()
      const ran = await this.#runIn(executor, { task, gpus }, waitedMs)
      lingering = ran.lingering
      return ran.end
    } catch (cause) {
      return neverBegan(cause, waitedMs)
    } finally {
      this.#running.delete(task)
      void this.#leave(gpus, lingering)
    }
  }

  /** Sends away all that have not begun. */
  handBack(error: MeshError): void {
    this.#slots.handBack(error)
  }

  /** Ends all that run. */
  cutOff(error: MeshError): void {
    for (const task of this.#running) task.stop(error)
  }

  /** Resolves when nothing runs. */
  async whenIdle(): Promise<void> {
    await this.#slots.whenIdle()
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

  /** @throws MeshError WORKER_BUSY */
  #takeGpus(count: number): readonly number[] {
    const { gpu_count: machineCount = 0 } = this.#components.host.snapshot().capabilities
    return this.#gpus.take(count, machineCount)
  }

  /** What can be ended by nobody keeps what it has. */
  async #leave(gpus: readonly number[], lingering: Promise<void> | undefined): Promise<void> {
    if (lingering === undefined) this.#slots.release()
    else await this.#slots.releaseAfter(lingering)
    this.#gpus.giveBack(gpus)
  }

  async #begin(onBegin: () => Promise<void>): Promise<void> {
    this.#startingCount += 1
    try {
      await onBegin()
    } finally {
      this.#startingCount -= 1
    }
  }

  async #runIn(
    executor: Executor,
    { gpus, task }: { gpus: readonly number[]; task: Task },
    waitedMs: number
  ): Promise<{ end: TaskEnd; lingering?: Promise<void> | undefined }> {
    const { clock } = this.#components
    const begunMs = clock.monotonicMs()
    this.#countBegun()
    const {
      cpuCores,
      diskBytesMax,
      memoryBytesMax,
      network,
      origin,
      seed,
      submittedAtMs,
      timeoutMs
    } = task.request
    const killTimer = new KillTimer(clock)
    task.onStop = (killAfterMs) => killTimer.set(killAfterMs)
    let outcome: TaskOutcome | undefined
    let failure: MeshError | undefined
    try {
      outcome = await executor.run({
        task: task.request.task,
        memoryBytesMax,
        timeoutMs,
        cpuCores,
        diskBytesMax,
        network,
        origin,
        seed,
        submittedAtMs,
        gpus,
        signal: task.signal,
        killSignal: killTimer.signal,
        inputs: [],
        outputs: [],
        programPath: undefined,
        onOutput: async () => {},
        onLog: (entry) => {
          task.log.add(entry)
          task.onNews?.()
        },
        onProgress: (progress) => {
          task.progress = progress
          task.onNews?.()
        }
      })
    } catch (cause) {
      failure = MeshError.from(cause)
    } finally {
      killTimer.clear()
      task.onStop = undefined
    }
    const phases = { hasBegun: true, waitedMs, ranMs: clock.monotonicMs() - begunMs }
    if (outcome === undefined)
      return { end: { ...phases, error: failure as MeshError, logsDroppedBytes: 0 } }
    return { end: endOf(task, outcome, phases), lingering: outcome.lingering }
  }

  /** @throws MeshError WORKER_STOPPING, WORKER_CORDONED, RESOURCES_UNAVAILABLE, OWNER_REFUSED, WORKER_BUSY */
  #admit(task: Task): void {
    const refusal = refusalOf(task.request.memoryBytesMax, this.#facts(), this.#init)
    if (refusal !== undefined) throw refusal
  }

  #facts(): AdmissionFacts {
    const { availability, host } = this.#components
    const { capabilities } = host.snapshot()
    return {
      availability: availability.current,
      reason: availability.reason,
      running: this.#slots.runningCount,
      waiting: this.waitingCount,
      begun: this.#begunCount + this.#startingCount,
      cpuUsage: capabilities.cpu_usage,
      cpuCores: capabilities.cpu_cores,
      recentRunning: this.#init.isIdleOnly === true ? this.#slots.recentCount() : 0,
      memoryTotalBytes: capabilities.memory_total_mb * BYTES_PER_MB
    }
  }

  /** The place in the line is held meanwhile; what has changed by then is looked at once more. */
  async #askOwner({ task, describe }: Errand): Promise<void> {
    this.#askingCount += 1
    try {
      const signal = AbortSignal.any([task.signal, this.#closing.signal])
      await this.#components.admitRule?.ask(describe(), { signal })
    } finally {
      this.#askingCount -= 1
    }
    this.#admit(task)
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

/** A task that was told to end says why it was told so, whatever words its engine has for it. */
function endOf(
  task: Task,
  outcome: TaskOutcome,
  phases: Pick<TaskEnd, 'hasBegun' | 'waitedMs' | 'ranMs'>
): TaskEnd {
  const { output } = outcome
  const bytesOut = output === undefined ? 0 : Buffer.byteLength(output)
  const usage = { ...outcome.usage, bytesIn: task.request.bytes, bytesOut }
  const error =
    outcome.error?.code === 'TASK_STOPPED' ? (task.stopReason ?? outcome.error) : outcome.error
  const logsDroppedBytes = outcome.logsDroppedBytes + task.log.droppedBytes
  const end: TaskEnd = { ...phases, usage, logsDroppedBytes }
  if (error !== undefined) end.error = error
  else if (output !== undefined) end.output = output
  return end
}
