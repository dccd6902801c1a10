/**
 * Engine `process`: runs an installed program that the owner allows, for a stranger. It brings the
 * parts together and decides when the engine is fit to be offered; `sandbox-enclosure.ts` holds what
 * runs, `process-run.ts` sees it through.
 */
import { createHash } from 'node:crypto'
import { BareEnclosure } from './bare-enclosure.ts'
import { JobGroups } from './job-groups.ts'
import { ProcessRun } from './process-run.ts'
import { ProgramList, PROGRAM_FOLDERS } from './program-list.ts'
import { SandboxEnclosure } from './sandbox-enclosure.ts'
import { assert } from '../../core/assert.ts'
import { assertHidden } from './system-view.ts'
import { MeshError } from '../../core/errors.ts'
import { chooseJobUser } from './job-user.ts'
import { closeInheritedDescriptors } from './inherited-descriptors.ts'
import { probe } from './probe.ts'
import { readProcessTask } from './process-task.ts'
import { stayAlive } from './stay-alive.ts'
import { stopped, stopping } from './process-outcome.ts'
import type { CgroupPaths } from '../../core/cgroup-files.ts'
import type { Clock } from '../../core/clock.ts'
import type { Enclosure } from './enclosure.ts'
import type { Executor, TaskOutcome, TaskRun } from '../executor.ts'
import type { Isolation } from '../../model/isolation.ts'
import type { ProcessTerms } from './process-run.ts'
import type { ProgramRequest } from './program-child.ts'
import type { ProgramListInit } from './program-list.ts'

export interface ProcessExecutorComponents {
  clock: Clock
}

export interface ProcessExecutorInit extends ProgramListInit {
  /** The node's own folder: its mark on what it leaves, and nothing that a task may see. */
  folder: string
  /** Upper bound of a task's folder; its memory is another. @default 1 GiB */
  diskBytes?: number | undefined
  /** Whom tasks run as, where the worker is root. @default nobody */
  uid?: number | undefined
  /** Runs programs without a sandbox. @default false */
  isUnsafe?: boolean
  /** Where control groups are looked for; where there are none, a watch holds the memory. */
  cgroups?: CgroupPaths
}

const DISK_BYTES = 2 ** 30
const MARK_LETTERS = 12

/** The same on every worker, so that results don't depend on where a task ran. */
const BASE_ENV = {
  PATH: PROGRAM_FOLDERS.join(':'),
  HOME: '/work',
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  TZ: 'UTC'
} as const

/** What is there from `start` to `stop`. */
interface Running {
  enclosure: Enclosure
  groups: JobGroups
  programs: ProgramList
}

export class ProcessExecutor implements Executor {
  readonly engine = 'process'
  readonly isolation: Isolation
  readonly enforces = ['memory'] as const
  readonly #clock: Clock
  readonly #init: ProcessExecutorInit
  readonly #runs = new Set<ProcessRun>()
  #running: Running | undefined

  constructor(components: ProcessExecutorComponents, init: ProcessExecutorInit) {
    this.#clock = components.clock
    this.#init = init
    this.isolation = init.isUnsafe === true ? 'none' : 'sandbox'
  }

  /** @throws MeshError ENGINE_UNAVAILABLE where programs can't be held as they must be */
  async start(): Promise<void> {
    if (this.#running !== undefined) return
    const programs = new ProgramList(this.#init)
    const mark = markOf(this.#init.folder)
    const enclosure = this.#createEnclosure(programs, mark)
    const groups = new JobGroups(this.#clock, { mark, paths: this.#init.cgroups ?? {} })
    closeInheritedDescriptors()
    await stayAlive(() => groups.start())
    await enclosure.start()
    const running = { enclosure, groups, programs }
    await probe(this.isolation, (request, terms) => this.#runProgram(running, request, terms))
    this.#running = running
  }

  /** A task that still runs ends with WORKER_STOPPING. */
  async stop(): Promise<void> {
    this.#running = undefined
    for (const run of this.#runs) run.kill(stopping())
    await Promise.all([...this.#runs].map((run) => run.ended))
  }

  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'process', 'the registry gives each engine its own tasks')
    const running = this.#running
    if (terms.signal.aborted) return neverBegan(stopped())
    if (running === undefined) return neverBegan(stopping())
    try {
      const request = readProcessTask(task)
      const program = running.programs.find(request.argv[0])
      return await this.#runProgram(running, { ...request, program }, terms)
    } catch (cause) {
      return neverBegan(MeshError.from(cause))
    }
  }

  #createEnclosure(programs: ProgramList, mark: string): Enclosure {
    const { diskBytes = DISK_BYTES, folder, isUnsafe = false, uid: wanted } = this.#init
    const uid = chooseJobUser(wanted, process.getuid?.())
    if (isUnsafe) return new BareEnclosure({ uid, diskBytes, mark })
    assertHidden(folder)
    return new SandboxEnclosure({ uid, diskBytes, programs: programs.entries() })
  }

  async #runProgram(
    { enclosure, groups }: Running,
    request: ProgramRequest,
    terms: ProcessTerms
  ): Promise<TaskOutcome> {
    const env = { ...BASE_ENV, ...request.env }
    const run = new ProcessRun(
      { clock: this.#clock, enclosure, groups },
      { ...request, env },
      terms
    )
    this.#runs.add(run)
    try {
      return await stayAlive(() => run.run())
    } finally {
      this.#runs.delete(run)
    }
  }
}

/** Two nodes of one machine never take each other's groups and folders for their own. */
function markOf(folder: string): string {
  const digest = createHash('sha256').update(folder).digest('hex')
  return `taskmesh-${digest.slice(0, MARK_LETTERS)}`
}

function neverBegan(error: MeshError): TaskOutcome {
  return { error, logsDroppedBytes: 0, usage: { wallMs: 0 } }
}
