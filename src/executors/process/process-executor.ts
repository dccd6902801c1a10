/**
 * Engine `process`: runs an installed program that the owner allows, for a stranger. It brings the
 * parts together and decides when the engine is fit to be offered; `sandbox-enclosure.ts` holds what
 * runs, `process-run.ts` sees it through.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { BareEnclosure } from './bare-enclosure.ts'
import { DiskFolders } from './disk-folders.ts'
import { FifoStore } from './fifo-store.ts'
import { JobGroups } from './job-groups.ts'
import { ProcessRun } from './process-run.ts'
import { ProgramList, PROGRAM_FOLDERS } from './program-list.ts'
import { SandboxEnclosure } from './sandbox-enclosure.ts'
import { assert } from '../../core/assert.ts'
import { assertHidden } from './system-view.ts'
import { MeshError } from '../../core/errors.ts'
import { checkTaskFolder } from '../../model/task-folder.ts'
import { chooseJobUser } from './job-user.ts'
import { closeInheritedDescriptors } from '../inherited-descriptors.ts'
import { probe } from './probe.ts'
import { readProcessTask } from './process-task.ts'
import { stayAlive } from './stay-alive.ts'
import { neverBegan, stopped, stopping } from '../task-ends.ts'
import type { CgroupPaths } from '../../core/cgroup-files.ts'
import type { Clock } from '../../core/clock.ts'
import type { Enclosure } from './enclosure.ts'
import type { Executor, TaskOutcome, TaskRun } from '../executor.ts'
import type { Isolation } from '../../model/isolation.ts'
import type { TaskDocument } from '../../model/job.ts'
import type { Resource } from '../../model/enforcement.ts'
import type { ProcessTerms } from './process-run.ts'
import type { ProgramRequest } from './program-child.ts'
import { findShownPaths } from './shown-paths.ts'
import type { ShownPath } from './shown-paths.ts'
import type { ProgramListInit } from './program-list.ts'

export interface ProcessExecutorComponents {
  clock: Clock
}

export interface ProcessExecutorInit extends ProgramListInit {
  /** The node's own folder: its mark on what it leaves, and nothing that a task may see. */
  folder: string
  /** Upper bound of a task's folder, where the task names none; its memory is another. @default 1 GiB */
  diskBytes?: number | undefined
  /** Whom tasks run as, where the worker is root. @default nobody */
  uid?: number | undefined
  /** Folders that tasks may read, by absolute path, beside the system's own. */
  folders?: readonly string[]
  /** Runs programs without a sandbox. @default false */
  isUnsafe?: boolean
  /** Lets tasks that ask for it use the machine's network. @default false */
  isNetworkAllowed?: boolean
  /** Gives a large folder a file system of its own, where that can be done. @default true */
  hasDiskImages?: boolean
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
  disks: DiskFolders
  enclosure: Enclosure
  fifos: FifoStore
  groups: JobGroups
  programs: ProgramList
}

export class ProcessExecutor implements Executor {
  readonly engine = 'process'
  readonly isolation: Isolation
  /** Without a sandbox nothing keeps a task from it. */
  readonly allowsNetwork: boolean
  readonly #clock: Clock
  readonly #init: ProcessExecutorInit
  readonly #runs = new Set<ProcessRun>()
  #enforces: readonly Resource[] = []
  #running: Running | undefined

  constructor(components: ProcessExecutorComponents, init: ProcessExecutorInit) {
    this.#clock = components.clock
    this.#init = init
    this.isolation = init.isUnsafe === true ? 'none' : 'sandbox'
    this.allowsNetwork = init.isNetworkAllowed === true || init.isUnsafe === true
  }

  get enforces(): readonly Resource[] {
    return this.#enforces
  }

  get names(): readonly string[] {
    return this.#running?.programs.names() ?? []
  }

  refusalOf(task: TaskDocument): MeshError | undefined {
    assert(task.engine === 'process', 'the registry gives each engine its own tasks')
    return this.#running?.programs.refusalOf(task.argv[0] ?? '')
  }

  programPath(task: TaskDocument): string | undefined {
    assert(task.engine === 'process', 'the registry gives each engine its own tasks')
    return this.#running?.programs.pathOf(task.argv[0] ?? '')
  }

  /** @throws MeshError ENGINE_UNAVAILABLE where programs can't be held as they must be */
  async start(): Promise<void> {
    if (this.#running !== undefined) return
    const programs = new ProgramList(this.#init)
    const shown = this.isolation === 'none' ? [] : this.#shownPaths(programs)
    const running = this.#build(programs, shown)
    const { enclosure, groups } = running
    closeInheritedDescriptors()
    try {
      await stayAlive(async () => await prepare(running))
      await probe({ isolation: this.isolation, shown }, (request, terms) =>
        this.#runProgram(running, request, terms)
      )
    } catch (cause) {
      await dispose(running)
      throw cause
    }
    this.#enforces = [...groups.enforces, ...enclosure.enforces]
    this.#running = running
  }

  /** A task that still runs ends with WORKER_STOPPING. */
  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    for (const run of this.#runs) run.kill(stopping())
    await Promise.all([...this.#runs].map((run) => run.ended))
    if (running !== undefined) await dispose(running)
  }

  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'process', 'the registry gives each engine its own tasks')
    const running = this.#running
    if (terms.signal.aborted) return neverBegan(stopped())
    if (running === undefined) return neverBegan(stopping())
    try {
      const request = readProcessTask(task)
      checkTaskFolder({ task, ...terms })
      const program = running.programs.find(request.argv[0])
      return await this.#runProgram(running, { ...request, program }, terms)
    } catch (cause) {
      return neverBegan(MeshError.from(cause))
    }
  }

  /** The node's own folder is not to be among them. */
  #shownPaths(programs: ProgramList): ShownPath[] {
    const { folder, folders = [] } = this.#init
    const shown = findShownPaths(programs.entries(), folders)
    assertHidden(folder, shown)
    return shown
  }

  #build(programs: ProgramList, shown: readonly ShownPath[]): Running {
    const { cgroups: paths = {}, diskBytes = DISK_BYTES, folder, uid: wanted } = this.#init
    const uid = chooseJobUser(wanted, process.getuid?.())
    const mark = markOf(folder)
    const groups = new JobGroups(this.#clock, { mark, paths })
    const fifos = new FifoStore({ mark, uid })
    const disks = new DiskFolders({
      folder: join(folder, 'process-folders'),
      uid,
      hasImages: this.#init.hasDiskImages ?? true
    })
    if (this.#init.isUnsafe === true) {
      const enclosure = new BareEnclosure({ uid, diskBytes, mark })
      return { disks, enclosure, fifos, groups, programs }
    }
    const isMemoryWatched = (): boolean => !groups.isOffered
    const parts = { uid, diskBytes, disks, isMemoryWatched, shown }
    return { disks, enclosure: new SandboxEnclosure(parts), fifos, groups, programs }
  }

  async #runProgram(
    { enclosure, fifos, groups }: Running,
    request: ProgramRequest,
    terms: ProcessTerms
  ): Promise<TaskOutcome> {
    const env = { ...BASE_ENV, ...request.env }
    const run = new ProcessRun(
      { clock: this.#clock, enclosure, fifos, groups },
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

async function prepare({ enclosure, fifos, groups }: Running): Promise<void> {
  await groups.start()
  await fifos.start()
  await enclosure.start()
}

async function dispose({ disks, fifos }: Running): Promise<void> {
  await fifos.stop()
  await disks.stop()
}

/** Two nodes of one machine never take each other's groups and folders for their own. */
function markOf(folder: string): string {
  const digest = createHash('sha256').update(folder).digest('hex')
  return `taskmesh-${digest.slice(0, MARK_LETTERS)}`
}
