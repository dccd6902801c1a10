/**
 * A worker's answers to those who want tasks run: what comes from a router with an assignment is a
 * lease and goes to the lease desk; what comes without one runs for as long as its sender waits.
 */
import { join } from 'node:path'
import { MeshError } from '../core/errors.ts'
import { AvailabilityKeeper } from './owner/availability.ts'
import { LeaseDesk } from './leases/lease-desk.ts'
import { LoadNews } from './load-news.ts'
import { LogSpools } from './log-spool.ts'
import { by } from '../observe/readings.ts'
import { Task } from './task.ts'
import { TaskJournal } from './leases/task-journal.ts'
import { TaskRunner, handBackError } from './task-runner.ts'
import { directAnswer } from './task-answers.ts'
import { readTask } from './task-request.ts'
import { withinLimits } from './owner/router-admission.ts'
import type { AdmissionRules } from './owner/admission.ts'
import type { AdmitRule } from './owner/admit-rule.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandAnswer, CommandContext, CommandHandlers } from '../protocol/command-server.ts'
import type { ExecuteTaskParams } from '../model/generated/commands-execute-task.ts'
import type { ExecutorRegistry } from '../executors/executor-registry.ts'
import type { HostMonitor } from '../host/host-monitor.ts'
import type { KeptResultsInit } from './leases/kept-results.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'
import type { Logger } from '../observe/logger.ts'
import type { Readings } from '../observe/readings.ts'
import type { RouterAdmissionComponents } from './owner/router-admission.ts'
import type { RouterLimits } from '../model/router-limits.ts'
import type { RouterLinks } from './leases/router-links.ts'
import type { RouterRule } from '../model/router-rules.ts'
import type {
  SetAvailabilityParams,
  SetAvailabilityResult
} from '../model/generated/commands-set-availability.ts'
import type { Signer } from '../receipts/signer.ts'
import type { Startable } from '../core/startable.ts'
import type { TaskFiles } from './ports.ts'
import type { TaskRequest } from './task-request.ts'
import type { TaskAnswer } from './task-answers.ts'
import type { Tracer } from '../observe/tracing.ts'

export interface TaskServerComponents {
  clock: Clock
  executors: ExecutorRegistry
  files: TaskFiles
  host: HostMonitor
  links: RouterLinks
  logger: Logger
  /** Signs receipts. */
  signer: Signer
  /** The owner's own rule, asked about every task. */
  admitRule?: AdmitRule | undefined
  /** @default traces go nowhere */
  tracer?: Tracer
  /** Labels of a peer's certificate. @default nobody has one */
  labelsOf?: RouterAdmissionComponents['labelsOf']
}

export interface TaskServerInit extends AdmissionRules {
  /** The worker's own folder, for its journal and its owner's word. */
  folder: string
  /** Limit of a task that names none. */
  taskMemoryBytes: number
  /** What the owner lets routers ask for. @default anything */
  routerRules?: readonly RouterRule[]
  /** How long running tasks may go on once the worker is told to stop. @default 10000 */
  stopGraceMs?: number
  /** How long a task may wait for a slot. @default LIMITS.workerWaitMsMax */
  waitMsMax?: number | undefined
  /** Bounds of what is kept for routers that have not taken it. */
  kept?: KeptResultsInit
}

const STOP_GRACE_MS = 10_000

export class TaskServer implements Startable {
  readonly #components: TaskServerComponents
  readonly #init: TaskServerInit
  readonly #availability: AvailabilityKeeper
  readonly #desk: LeaseDesk
  readonly #journal: TaskJournal
  readonly #news: LoadNews
  readonly #runner: TaskRunner
  readonly #spools: LogSpools
  #isStarted = false
  #stopped: Promise<void> | undefined

  constructor(components: TaskServerComponents, init: TaskServerInit) {
    const { folder } = init
    this.#components = components
    this.#init = init
    this.#availability = new AvailabilityKeeper(components, {
      folder,
      onDrain: () => this.#drain(),
      onDeadline: () => this.#runner.cutOff(movedError(this.#availability.current)),
      onOpen: () => this.#runner.forgetCount()
    })
    this.#spools = new LogSpools(join(folder, 'logs'))
    const availability = this.#availability
    this.#news = new LoadNews(components)
    const onLoad = this.#news.changed.bind(this.#news)
    const spools = this.#spools
    this.#runner = new TaskRunner({ ...components, availability, onLoad, spools }, init)
    this.#journal = new TaskJournal(components, { folder })
    this.#desk = new LeaseDesk(
      {
        ...components,
        journal: this.#journal,
        news: this.#news,
        runner: this.#runner,
        describeLoad: (router) => this.load(router)
      },
      init.kept
    )
  }

  /** Must be over before the first command comes. May be called twice. @throws MeshError STORE_FAILED */
  async start(): Promise<void> {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#availability.load()
    this.#spools.start()
    this.#desk.start()
    this.#components.links.listen({
      onConnected: () => {},
      onClosed: (peer) => this.#news.closed(peer)
    })
  }

  /** Refuses what is new, lets what runs finish within the grace, then ends it; the answers get out. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Handlers of the commands that are about tasks and the worker's willingness to run them. */
  handlers(): CommandHandlers {
    return {
      EXECUTE_TASK: (params, context) => this.execute(params, context),
      ATTACH_TASK: (params, context) => this.#desk.attach(params, context),
      STOP_TASK: async (params, context) => ({ result: await this.#desk.stop(params, context) }),
      RELEASE_TASKS: ({ lease_ids: leaseIds }, { remotePeer }) => {
        const released = this.#desk.release(remotePeer, leaseIds)
        return { result: { released } }
      },
      SET_AVAILABILITY: (params, { remotePeer }) => {
        this.#requireWelcome(remotePeer)
        return { result: this.setAvailability(params) }
      }
    }
  }

  /** How busy this worker is, as a peer is told now. */
  load(peer: string): LoadReport {
    const { clock, host } = this.#components
    const { capabilities } = host.snapshot()
    const availability = this.#availability.current
    const allowed = this.#runner.routers.allowedOf(peer)
    const { figures, gpusTakenCount, runningCount, waitingCount } = this.#runner
    this.#news.told(peer)
    return {
      running: runningCount,
      queued: waitingCount,
      ...(gpusTakenCount === 0 ? {} : { gpus_taken: gpusTakenCount }),
      slots: this.#init.slots,
      queue_slots: this.#init.queueSlots,
      cpu_usage: capabilities.cpu_usage,
      memory_available_mb: capabilities.memory_available_mb,
      disk_available_mb: capabilities.disk_available_mb,
      stopping: availability !== 'open',
      availability,
      queued_ms: figures.queuedMs,
      wait_ms: figures.waitMs,
      work_rate: figures.workRateAt(clock.monotonicMs()),
      routers: this.#news.routerCount,
      slowdown: host.slowdown,
      seen: this.#news.seenOf(peer),
      ...(allowed === undefined ? {} : { allowed })
    }
  }

  readings(): Readings {
    const { runningCount, waitingCount } = this.#runner
    const availability = this.#availability.current
    const states = ['open', 'cordoned', 'draining', 'stopping'].map(
      (state) => [state, Number(state === availability)] as const
    )
    return {
      ...this.#runner.tally.readings(),
      taskmesh_worker_slots: this.#init.slots,
      taskmesh_worker_tasks: by('state', { running: runningCount, waiting: waitingCount }),
      taskmesh_worker_availability: by('state', Object.fromEntries(states)),
      taskmesh_worker_routers: this.#news.routerCount
    }
  }

  /** What its owner lets a router ask of this worker; undefined: anything. */
  limitsOf(router: string): RouterLimits | undefined {
    return this.#runner.routers.limitsOf(router)
  }

  /** Handler of EXECUTE_TASK. A task's own failure is an answer too, with its logs and usage. */
  async execute(params: ExecuteTaskParams, context: CommandContext): Promise<TaskAnswer> {
    const { assignment } = params
    const read = () => this.#read(params, context)
    try {
      context.signal.throwIfAborted()
      if (assignment !== undefined) return await this.#desk.execute(assignment, context, read)
      return await this.#executeDirectly(new Task(read()), context)
    } catch (cause) {
      return { error: MeshError.from(cause), result: { load: this.load(context.remotePeer) } }
    }
  }

  /** Handler of SET_AVAILABILITY. */
  setAvailability(params: SetAvailabilityParams): SetAvailabilityResult {
    this.#availability.set(params)
    return { availability: this.#availability.current, running: this.#runner.runningCount }
  }

  /** Whoever may ask for nothing has no say in what others ask for. @throws MeshError OWNER_REFUSED */
  #requireWelcome(router: string): void {
    if (this.limitsOf(router)?.denied !== true) return
    const message =
      'the owner of this worker lets this router have no say in whether it takes tasks'
    throw new MeshError('OWNER_REFUSED', message)
  }

  /** @throws MeshError FIELD_INVALID and its kin */
  #read(params: ExecuteTaskParams, { bulk, remotePeer }: CommandContext): TaskRequest {
    const { taskMemoryBytes } = this.#init
    const nowMs = this.#components.clock.wallMs()
    const request = readTask(params, { bytes: bulk?.byteLength ?? 0, nowMs, taskMemoryBytes })
    const limits = this.limitsOf(remotePeer)
    return limits === undefined ? request : withinLimits(request, limits)
  }

  async #executeDirectly(
    task: Task,
    { remotePeer, signal, trace }: CommandContext
  ): Promise<CommandAnswer<'EXECUTE_TASK'>> {
    const onAbort = (): void => task.stop(MeshError.from(signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    const { labels, memoryBytesMax, timeoutMs } = task.request
    const end = await this.#runner.run({
      task,
      router: remotePeer,
      trace,
      describe: () => ({
        router: remotePeer,
        engine: task.request.task.engine,
        labels,
        memory_bytes: memoryBytesMax,
        run_timeout_ms: timeoutMs
      })
    })
    signal.removeEventListener('abort', onAbort)
    return directAnswer(task, end, this.load(remotePeer))
  }

  #drain(): void {
    this.#runner.handBack(handBackError(this.#availability))
    void this.#sayDrained()
  }

  async #sayDrained(): Promise<void> {
    await this.#runner.whenIdle()
    if (this.#availability.current !== 'draining') return
    this.#components.logger.info('drained: nothing runs any more')
  }

  async #stop(): Promise<void> {
    this.#availability.beginStop(this.#init.stopGraceMs ?? STOP_GRACE_MS)
    this.#runner.close(handBackError(this.#availability))
    await this.#runner.whenIdle()
    this.#availability.close()
    this.#news.close()
    await this.#desk.close()
    this.#journal.close()
  }
}

/** What a task hears that is cut off so that it may go on elsewhere. */
function movedError(availability: string): MeshError {
  const why = availability === 'stopping' ? 'is stopping' : 'is being drained'
  return new MeshError('WORKER_STOPPING', `this worker ${why}`)
}
