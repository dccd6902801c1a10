/**
 * A worker's answer to EXECUTE_TASK: decides whether a task may run here now (engine, memory, slots),
 * lets a few wait, runs it in its engine, and reports how it went together with the worker's load.
 */
import { deferred } from '../core/abort.ts'
import { BYTES_PER_MB } from '../core/units.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { readTask } from './task-request.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandAnswer, CommandContext } from '../protocol/command-server.ts'
import type { ExecuteTaskParams } from '../model/generated/commands-execute-task.ts'
import type { ExecutorRegistry } from '../executors/executor-registry.ts'
import type { HostMonitor } from '../host/host-monitor.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'
import type { Logger } from '../observe/logger.ts'
import type { Startable } from '../core/startable.ts'
import type { TaskOutcome } from '../executors/executor.ts'
import type { TaskRequest } from './task-request.ts'

export interface TaskServerComponents {
  clock: Clock
  executors: ExecutorRegistry
  host: HostMonitor
  logger: Logger
}

export interface TaskServerInit {
  /** Tasks at once. */
  slots: number
  /** Tasks that may wait beyond the slots. */
  queueSlots: number
  /** Limit of a task that names none. */
  taskMemoryBytes: number
  /** How long running tasks may go on once the worker is told to stop. @default 10000 */
  stopGraceMs?: number
  /** How long a task may wait for a slot. @default LIMITS.workerWaitMsMax */
  waitMsMax?: number
}

type Answer = CommandAnswer<'EXECUTE_TASK'>

export class TaskServer implements Startable {
  readonly #components: TaskServerComponents
  readonly #init: Required<TaskServerInit>
  /** What ends each running task. */
  readonly #running = new Set<AbortController>()
  /** Tasks that wait for a slot, oldest first. */
  readonly #waiting: PromiseWithResolvers<void>[] = []
  #runningCount = 0
  #isStopping = false
  #stopped: Promise<void> | undefined
  /** Why running tasks were cut off, once they are. */
  #cutOff: MeshError | undefined
  readonly #idle = deferred<void>()

  constructor(components: TaskServerComponents, init: TaskServerInit) {
    this.#components = components
    this.#init = { stopGraceMs: 10_000, waitMsMax: LIMITS.workerWaitMsMax, ...init }
  }

  async start(): Promise<void> {}

  /** Refuses what is new, lets what runs finish within the grace, then ends it. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#isStopping = true
    const error = new MeshError('WORKER_STOPPING', 'this worker is stopping')
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    if (this.#runningCount === 0) return
    const cancel = this.#components.clock.after(this.#init.stopGraceMs, () => {
      this.#cutOff = error
      for (const controller of this.#running) controller.abort(error)
    })
    await this.#idle.promise
    cancel()
  }

  /** How busy this worker is. */
  load(): LoadReport {
    const { capabilities } = this.#components.host.snapshot()
    return {
      running: this.#runningCount,
      queued: this.#waiting.length,
      slots: this.#init.slots,
      queue_slots: this.#init.queueSlots,
      cpu_usage: capabilities.cpu_usage,
      memory_available_mb: capabilities.memory_available_mb,
      disk_available_mb: capabilities.disk_available_mb,
      stopping: this.#isStopping
    }
  }

  /** Handler of EXECUTE_TASK. A task's own failure is an answer too, with its logs and usage. */
  async execute(params: ExecuteTaskParams, context: CommandContext): Promise<Answer> {
    const { signal } = context
    let request: TaskRequest
    try {
      signal.throwIfAborted()
      request = readTask(params, this.#init.taskMemoryBytes)
      this.#admit(request)
      if (this.#runningCount >= this.#init.slots) await this.#waitForSlot(signal)
      else this.#runningCount += 1
    } catch (cause) {
      return { error: MeshError.from(cause), result: { load: this.load() } }
    }
    try {
      return await this.#run(request, signal)
    } catch (cause) {
      return { error: MeshError.from(cause), result: { load: this.#loadAfterThis() } }
    } finally {
      this.#release()
    }
  }

  async #run(request: TaskRequest, askerSignal: AbortSignal): Promise<Answer> {
    // The slot may have come in the same moment as the end of all interest in it.
    askerSignal.throwIfAborted()
    const controller = new AbortController()
    const onAbort = (): void => controller.abort(askerSignal.reason)
    askerSignal.addEventListener('abort', onAbort, { once: true })
    this.#running.add(controller)
    try {
      const executor = this.#components.executors.get(request.task.engine)
      return this.#answer(await executor.run({ ...request, signal: controller.signal }))
    } finally {
      this.#running.delete(controller)
      askerSignal.removeEventListener('abort', onAbort)
    }
  }

  /** @throws MeshError WORKER_STOPPING, ENGINE_UNAVAILABLE, RESOURCES_UNAVAILABLE, WORKER_BUSY */
  #admit(request: TaskRequest): void {
    const { executors, host } = this.#components
    const { queueSlots, slots } = this.#init
    if (this.#isStopping) throw new MeshError('WORKER_STOPPING', 'this worker is stopping')
    executors.get(request.task.engine)
    const totalBytes = host.snapshot().capabilities.memory_total_mb * BYTES_PER_MB
    if (request.memoryBytesMax > totalBytes) {
      throw new MeshError(
        'RESOURCES_UNAVAILABLE',
        `the task wants ${request.memoryBytesMax} bytes of memory, this worker has ${totalBytes}`,
        { path: 'resources.memory' }
      )
    }
    if (this.#runningCount >= slots && this.#waiting.length >= queueSlots) {
      throw new MeshError(
        'WORKER_BUSY',
        `all ${slots} slots are taken and ${this.#waiting.length} tasks wait`
      )
    }
  }

  /** Resolves with a slot in hand. @throws MeshError WORKER_STOPPING, WORKER_BUSY, or the signal's reason */
  async #waitForSlot(signal: AbortSignal): Promise<void> {
    const { clock } = this.#components
    const { waitMsMax } = this.#init
    const waiting = deferred<void>()
    this.#waiting.push(waiting)
    const giveUp = (reason: unknown): void => {
      const index = this.#waiting.indexOf(waiting)
      if (index !== -1) this.#waiting.splice(index, 1)
      waiting.reject(reason)
    }
    const onAbort = (): void => giveUp(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const cancel = clock.after(waitMsMax, () =>
      giveUp(new MeshError('WORKER_BUSY', `no slot became free within ${waitMsMax} ms`))
    )
    try {
      await waiting.promise
    } finally {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Hands the slot to who has waited longest, or frees it. */
  #release(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) return next.resolve()
    this.#runningCount -= 1
    if (this.#runningCount === 0 && this.#isStopping) this.#idle.resolve()
  }

  #answer(outcome: TaskOutcome): Answer {
    const { cpuMs, peakMemoryBytes, wallMs } = outcome.usage
    const result = {
      logs: outcome.logs,
      logs_dropped_bytes: outcome.logsDroppedBytes,
      usage: {
        wall_ms: wallMs,
        ...(cpuMs === undefined ? {} : { cpu_ms: cpuMs }),
        ...(peakMemoryBytes === undefined ? {} : { peak_memory_bytes: peakMemoryBytes })
      },
      load: this.#loadAfterThis()
    }
    // A task that the worker's own stop cut off is the worker's to explain, and may go elsewhere.
    const error =
      outcome.error?.code === 'TASK_STOPPED' ? (this.#cutOff ?? outcome.error) : outcome.error
    if (error !== undefined) return { error, result }
    return { result, ...(outcome.output === undefined ? {} : { bulk: outcome.output }) }
  }

  /** The load once the task that is just being answered has left its slot. */
  #loadAfterThis(): LoadReport {
    const load = this.load()
    return load.queued > 0
      ? { ...load, queued: load.queued - 1 }
      : { ...load, running: load.running - 1 }
  }
}
