/**
 * Engine `container`: runs images that the owner allows, for a stranger. It decides when the engine is fit
 * to be offered: a program that runs containers answers, an image is there, and one has really run.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../core/assert.ts'
import { ContainerImages } from './container-images.ts'
import { ContainerRun } from './container-run.ts'
import { MeshError } from '../../core/errors.ts'
import { ParentGroups } from './container-groups.ts'
import { checkTaskFolder } from '../../model/task-folder.ts'
import { chooseJobUser } from '../process/job-user.ts'
import { findCli } from './container-cli.ts'
import { probe, probeNetwork } from './container-probe.ts'
import { readContainerTask } from './container-task.ts'
import { removeTree } from '../process/remove-tree.ts'
import { neverBegan, stopped, stopping } from '../task-ends.ts'
import type { Clock } from '../../core/clock.ts'
import type { ContainerCli } from './container-cli.ts'
import type { Executor, TaskOutcome, TaskRun } from '../executor.ts'
import type { Logger } from '../../observe/logger.ts'
import type { TaskDocument } from '../../model/job.ts'
import type { RunContainer } from './container-probe.ts'
import type { Resource } from '../../model/enforcement.ts'

export interface ContainerExecutorComponents {
  clock: Clock
  logger: Logger
}

export interface ContainerExecutorInit {
  /** The node's own folder. */
  folder: string
  /** By digest or id; none is fetched. */
  images: readonly string[]
  /** The program and its flags. @default podman or docker, whichever answers */
  cli?: readonly string[]
  /** For a task that asks for no room on the disk. @default 1 GiB */
  diskBytes?: number
  /** Whether a task that asks for it gets the runtime's own network. @default false */
  hasNetwork?: boolean
}

const DISK_BYTES = 2 ** 30
const MARK_LETTERS = 12
/** By which podman and docker part the fields of a mount. */
const MOUNT_SIGNS = /[,"\n]/

/** What is there from `start` to `stop`. */
interface Running {
  cli: ContainerCli
  groups: ParentGroups | undefined
  holdsCpu: boolean
  images: ContainerImages
  /** Ends what is still tried to remove. */
  controller: AbortController
}

export class ContainerExecutor implements Executor {
  readonly engine = 'container'
  readonly isolation = 'container'
  readonly #components: ContainerExecutorComponents
  readonly #init: ContainerExecutorInit
  readonly #mark: string
  readonly #runs = new Set<ContainerRun>()
  #running: Running | undefined
  #enforces: readonly Resource[] = []
  #allowsNetwork = false

  constructor(components: ContainerExecutorComponents, init: ContainerExecutorInit) {
    this.#components = components
    this.#init = init
    // Two nodes of one machine never take each other's containers for their own.
    const digest = createHash('sha256').update(init.folder).digest('hex')
    this.#mark = `taskmesh-${digest.slice(0, MARK_LETTERS)}-`
  }

  get enforces(): readonly Resource[] {
    return this.#enforces
  }

  get allowsNetwork(): boolean {
    return this.#allowsNetwork
  }

  get names(): readonly string[] {
    return this.#running?.images.names() ?? []
  }

  refusalOf(task: TaskDocument): MeshError | undefined {
    assert(task.engine === 'container', 'the registry gives each engine its own tasks')
    return this.#running?.images.refusalOf(task.image)
  }

  /** What the names of its containers begin with. */
  get mark(): string {
    return this.#mark
  }

  /** @throws MeshError ENGINE_UNAVAILABLE */
  async start(): Promise<void> {
    if (this.#running !== undefined) return
    const { cli: wanted = [], hasNetwork = false, images: allowed } = this.#init
    if (allowed.length === 0) {
      throw new MeshError('ENGINE_UNAVAILABLE', 'no image is allowed', {
        hint: 'name some with --image, by digest'
      })
    }
    const cli = await findCli(this.#components.clock, wanted)
    const { holdsCpu, manager } = await cli.groupFacts()
    // Only root may remove what a runtime that is root has made, and only there is it the worker's to place.
    const isPlaced = process.getuid?.() === 0 && manager === 'cgroupfs'
    const groups = isPlaced ? new ParentGroups(this.#mark.slice(0, -1)) : undefined
    await this.#clear(cli, groups)
    const images = new ContainerImages(cli, allowed)
    const running = { cli, groups, holdsCpu, images, controller: new AbortController() }
    const problems = await images.start()
    const [image] = images.usable()
    if (image === undefined) throw problems[0] as MeshError
    for (const problem of problems) this.#report('image not offered', problem)
    const run = this.#runner(running)
    this.#enforces = await probe(images.usable(), run)
    if (hasNetwork) await this.#tryNetwork(() => probeNetwork(image, run))
    this.#running = running
    void images.watch(this.#components.clock, running.controller.signal)
  }

  /** A task that still runs ends with WORKER_STOPPING. */
  async stop(): Promise<void> {
    const running = this.#running
    running?.controller.abort()
    this.#running = undefined
    for (const run of this.#runs) run.kill(stopping())
    await Promise.all([...this.#runs].map((run) => run.ended))
    running?.groups?.clear()
  }

  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'container', 'the registry gives each engine its own tasks')
    const running = this.#running
    if (terms.signal.aborted) return neverBegan(stopped())
    if (running === undefined) return neverBegan(stopping())
    try {
      const request = readContainerTask(task)
      checkTaskFolder({ task, ...terms })
      const image = running.images.find(task.image)
      if (terms.network && !this.#allowsNetwork) throw networkRefused()
      return await this.#runner(running)({ ...request, image }, terms)
    } catch (cause) {
      return neverBegan(MeshError.from(cause))
    }
  }

  /** Removes what an earlier run left behind when it was killed. */
  async #clear(cli: ContainerCli, groups: ParentGroups | undefined): Promise<void> {
    const root = this.#root()
    if (MOUNT_SIGNS.test(root)) {
      throw new MeshError('ENGINE_UNAVAILABLE', `no container can have a folder below ${root}`, {
        path: 'home',
        hint: 'choose a home without commas, quotes and line breaks'
      })
    }
    const left = await cli.names(this.#mark)
    if (!(await cli.remove(left))) {
      throw new MeshError('ENGINE_UNAVAILABLE', `${left[0]} can't be removed`, {
        hint: `see what holds it: ${cli.program} ps --all`
      })
    }
    groups?.clear()
    await removeTree(root)
    mkdirSync(root, { recursive: true, mode: 0o700 })
  }

  async #tryNetwork(problemOf: () => Promise<MeshError | undefined>): Promise<void> {
    const problem = await problemOf()
    this.#allowsNetwork = problem === undefined
    if (problem !== undefined) this.#report('containers get no network', problem)
  }

  #runner({ cli, controller, groups, holdsCpu }: Running): RunContainer {
    return async (request, terms) => {
      const name = `${this.#mark}${randomUUID()}`
      const uid = chooseJobUser(undefined, process.getuid?.())
      const { diskBytes = DISK_BYTES } = this.#init
      const run = new ContainerRun(
        { clock: this.#components.clock, cli, groups },
        {
          name,
          uid,
          diskBytes,
          holdsCpu,
          path: join(this.#root(), name),
          signal: controller.signal
        },
        request,
        terms
      )
      this.#runs.add(run)
      try {
        return await run.run()
      } finally {
        this.#runs.delete(run)
      }
    }
  }

  #report(what: string, { hint, message }: MeshError): void {
    this.#components.logger.warn({ engine: this.engine, reason: message, hint }, what)
  }

  #root(): string {
    return join(this.#init.folder, 'containers')
  }
}

function networkRefused(): MeshError {
  return new MeshError('OWNER_REFUSED', 'the owner of this worker gives containers no network', {
    path: 'network.mode',
    hint: 'where you own one: taskmesh worker --container-network'
  })
}
