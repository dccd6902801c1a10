/** A worker's task server without a machine or a network: tasks end and routers come and go as the test says. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { pino } from 'pino'
import { ExecutorRegistry } from '../../src/executors/executor-registry.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeTaskFiles } from './fake-task-files.ts'
import { MeshError } from '../../src/core/errors.ts'
import { TaskServer } from '../../src/execution/task-server.ts'
import { buildSigner } from './build-signer.ts'
import { readEntries } from '../../src/execution/leases/journal-entries.ts'
import type { Assignment, LogEntry } from '../../src/model/generated/commands-execute-task.ts'
import type { CommandAnswer, CommandContext } from '../../src/protocol/command-server.ts'
import type { CommandName, Params } from '../../src/protocol/commands.ts'
import type { EngineName, Executor, TaskOutcome, TaskRun } from '../../src/executors/executor.ts'
import type { HostMonitor } from '../../src/host/host-monitor.ts'
import type { LoadReport } from '../../src/model/generated/capability-record.ts'
import type {
  ReportTaskParams,
  ReportTaskResult
} from '../../src/model/generated/commands-report-task.ts'
import type { RouterLinks, RouterLinksListener } from '../../src/execution/leases/router-links.ts'
import type { Signer } from '../../src/receipts/signer.ts'
import type { TaskServerComponents, TaskServerInit } from '../../src/execution/task-server.ts'

export type Answer = CommandAnswer<'EXECUTE_TASK'>

export interface RunningTask {
  run: TaskRun
  end: (outcome?: Partial<TaskOutcome>) => void
}

/** An engine whose tasks end when the test says so, stopped or not. */
export class ManualExecutor implements Executor {
  readonly engine: EngineName
  readonly isolation = 'none'
  readonly enforces = []
  allowsNetwork = false
  readonly names = []
  /** What it says of every task. */
  refusal: MeshError | undefined
  readonly running: RunningTask[] = []
  startedCount = 0

  constructor(engine: EngineName = 'builtin') {
    this.engine = engine
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  refusalOf(): MeshError | undefined {
    return this.refusal
  }

  run(run: TaskRun): Promise<TaskOutcome> {
    this.startedCount += 1
    const { promise, resolve } = Promise.withResolvers<TaskOutcome>()
    const entry: RunningTask = {
      run,
      end: (outcome = { output: 'null' }) => {
        this.running.splice(this.running.indexOf(entry), 1)
        resolve({ logsDroppedBytes: 0, usage: { wallMs: 1 }, ...outcome })
      }
    }
    this.running.push(entry)
    return promise
  }

  /** Ends the oldest as an engine ends a task that was told to stop. */
  endStopped(): void {
    this.running[0]?.end({ error: new MeshError('TASK_STOPPED', 'the task was stopped') })
  }
}

/** Routers that answer reports as the test says; connected unless it says otherwise. */
export class FakeRouters implements RouterLinks {
  readonly reports: (ReportTaskParams & { peer: string })[] = []
  /** Loads as routers were told of them out of turn. */
  readonly told: { peer: string; load: LoadReport }[] = []
  describeLoad: (peer: string) => LoadReport = () => {
    throw new Error('there is no worker yet')
  }
  answer: (params: ReportTaskParams) => ReportTaskResult | Promise<ReportTaskResult> = ({
    log
  }) => ({
    is_wanted: true,
    ...(log === undefined ? {} : { log_next: log.from + log.entries.length })
  })
  readonly #away = new Set<string>()
  readonly #listeners: RouterLinksListener[] = []

  isConnected(peer: string): boolean {
    return !this.#away.has(peer)
  }

  async report(peer: string, params: ReportTaskParams): Promise<ReportTaskResult> {
    this.reports.push({ peer, ...params })
    return await this.answer(params)
  }

  tell(peer: string): void {
    this.told.push({ peer, load: this.describeLoad(peer) })
  }

  listen(listener: RouterLinksListener): void {
    this.#listeners.push(listener)
  }

  disconnect(peer = 'router'): void {
    this.#away.add(peer)
    for (const listener of this.#listeners) listener.onClosed(peer)
  }

  connect(peer = 'router'): void {
    this.#away.delete(peer)
    for (const listener of this.#listeners) listener.onConnected(peer)
  }

  /** Takes out what was reported so far, without logs and progress. */
  takeStates(): string[] {
    return this.reports.splice(0).map((report) => `${report.lease_id} ${report.state}`)
  }
}

export type TaskServerOptions = Partial<TaskServerInit> &
  Partial<Pick<TaskServerComponents, 'admitRule' | 'labelsOf'>> & {
    cpuUsage?: number
    engine?: EngineName
  }

/** Lines of the worker's log, as objects. */
export type LogLine = Record<string, unknown> & { msg: string }

export interface TaskServerBench {
  clock: FakeClock
  executor: ManualExecutor
  files: FakeTaskFiles
  routers: FakeRouters
  server: TaskServer
  /** The worker's key. */
  signer: Signer
  folder: string
  lines: LogLine[]
  /** What the machine's processor shows. */
  capabilities: { cpu_usage: number }
  /** A task without an assignment. */
  ask: (task?: object, signal?: AbortSignal) => Promise<Answer>
  /** A task with one; the n-th lease is of item n. */
  lease: (n: number, more?: LeaseOptions) => Promise<Answer>
  /** Any other command; from `router`, unless told otherwise. */
  send: <C extends CommandName>(
    command: C,
    params: Params<C>,
    more?: Partial<CommandContext>
  ) => Promise<CommandAnswer<C>>
  /** What the journal holds: `event lease state`. */
  journal: () => string[]
}

export interface LeaseOptions extends Partial<Assignment> {
  /** The task, or the task and its files. */
  data?: object
  from?: string
  signal?: AbortSignal
}

export const leaseId = (n: number): string => `l-${String(n).padStart(12, '0')}`

export const out = (ms: number, text: string): LogEntry => ({ ms, stream: 'out', text })

export const codeOf = (answer: { error?: MeshError }): string | undefined => answer.error?.code

export const NOOP = { engine: 'builtin', name: 'noop' }

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-worker-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Started. The folder of an earlier one makes this its next run. */
export async function buildTaskServer(options: TaskServerOptions = {}): Promise<TaskServerBench> {
  const { admitRule, cpuUsage, engine, labelsOf = () => undefined, ...init } = options
  const folder = init.folder ?? temporaryFolder()
  const clock = new FakeClock()
  const executor = new ManualExecutor(engine)
  const routers = new FakeRouters()
  const signer = buildSigner()
  const files = new FakeTaskFiles()
  const capabilities = {
    cpu_usage: cpuUsage ?? 12,
    cpu_cores: 4,
    memory_total_mb: 1_000,
    memory_available_mb: 500,
    disk_available_mb: 9
  }
  const host = { snapshot: () => ({ capabilities }), slowdown: 1 } as unknown as HostMonitor
  const executors = new ExecutorRegistry([executor])
  await executors.start()
  const lines: LogLine[] = []
  const logger = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line) as LogLine) })
  const server = new TaskServer(
    { clock, executors, files, host, links: routers, logger, signer, admitRule, labelsOf },
    { slots: 2, queueSlots: 1, taskMemoryBytes: 100, ...init, folder }
  )
  routers.describeLoad = (peer) => server.load(peer)
  await server.start()
  const send: TaskServerBench['send'] = async (command, params, more) => {
    const handler = server.handlers()[command] as never as (
      params: object,
      context: CommandContext
    ) => Promise<CommandAnswer<typeof command>>
    // As the command server does.
    try {
      return await handler(params, context(more))
    } catch (cause) {
      return { error: MeshError.from(cause) }
    }
  }
  return {
    capabilities,
    clock,
    executor,
    files,
    folder,
    lines,
    routers,
    send,
    server,
    signer,
    ask: (task = NOOP, signal) =>
      server.execute(
        { task_data: task as Record<string, never> },
        context({ isAddressed: false, ...(signal === undefined ? {} : { signal }) })
      ),
    lease: (n, { data = NOOP, from = 'router', signal, ...more } = {}) =>
      server.execute(
        {
          task_data: data as Record<string, never>,
          assignment: { ...assignmentOf(n), ...more }
        },
        context({ remotePeer: from, ...(signal === undefined ? {} : { signal }) })
      ),
    journal: () =>
      readEntries(readFileSync(join(folder, 'tasks.journal'), 'utf8')).map(({ entry }) =>
        [entry.event, entry.lease_id, entry.state].filter((part) => part !== undefined).join(' ')
      )
  }
}

function context(more: Partial<CommandContext> = {}): CommandContext {
  return {
    remotePeer: 'router',
    isAddressed: true,
    bulk: undefined,
    signal: new AbortController().signal,
    ...more
  }
}

export function assignmentOf(n: number): Assignment {
  return {
    job_id: 'j-1',
    item: n,
    attempt: 1,
    lease_id: leaseId(n),
    lease_ms: 60_000,
    run_timeout_ms: 5_000,
    memory_bytes: 80,
    kill_after_ms: 2_000,
    submitted_at_ms: 0
  }
}
