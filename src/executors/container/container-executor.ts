/**
 * Engine `container`: runs images that the owner allows, for a stranger. It decides when the engine is fit
 * to be offered: a program that runs containers answers, the images are there, and one has really run.
 * Nothing is ever fetched for a task.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../core/assert.ts'
import { ContainerRun } from './container-run.ts'
import { MeshError } from '../../core/errors.ts'
import { chooseJobUser } from '../process/job-user.ts'
import { findCli } from './container-cli.ts'
import { probe } from './container-probe.ts'
import { readContainerTask } from './container-task.ts'
import { stopped, stopping } from '../process/process-outcome.ts'
import type { Clock } from '../../core/clock.ts'
import type { ContainerCli } from './container-cli.ts'
import type { ContainerRequest } from './container-task.ts'
import type { ContainerTerms } from './container-run.ts'
import type { Executor, TaskOutcome, TaskRun } from '../executor.ts'

export interface ContainerExecutorComponents {
  clock: Clock
}

export interface ContainerExecutorInit {
  /** The node's own folder. */
  folder: string
  /** By digest or id; they must be there. */
  images: readonly string[]
  /** The program and its flags. @default podman or docker, whichever answers */
  cli?: readonly string[]
}

const MARK_LETTERS = 12

export class ContainerExecutor implements Executor {
  readonly engine = 'container'
  readonly isolation = 'container'
  readonly enforces = ['memory'] as const
  readonly #clock: Clock
  readonly #init: ContainerExecutorInit
  readonly #mark: string
  readonly #runs = new Set<ContainerRun>()
  #cli: ContainerCli | undefined

  constructor({ clock }: ContainerExecutorComponents, init: ContainerExecutorInit) {
    this.#clock = clock
    this.#init = init
    // Two nodes of one machine never take each other's containers for their own.
    const digest = createHash('sha256').update(init.folder).digest('hex')
    this.#mark = `taskmesh-${digest.slice(0, MARK_LETTERS)}-`
  }

  /** What the names of its containers begin with. */
  get mark(): string {
    return this.#mark
  }

  /** @throws MeshError ENGINE_UNAVAILABLE */
  async start(): Promise<void> {
    if (this.#cli !== undefined) return
    const [image] = this.#init.images
    if (image === undefined) {
      throw new MeshError('ENGINE_UNAVAILABLE', 'no image is allowed', {
        hint: 'name some with --image, by digest'
      })
    }
    const cli = await findCli(this.#init.cli ?? [])
    await this.#clear(cli)
    for (const one of this.#init.images) await requireImage(cli, one)
    await probe(image, (request, terms) => this.#runContainer(cli, request, terms))
    this.#cli = cli
  }

  /** A task that still runs ends with WORKER_STOPPING. */
  async stop(): Promise<void> {
    this.#cli = undefined
    for (const run of this.#runs) run.kill(stopping())
    await Promise.all([...this.#runs].map((run) => run.ended))
  }

  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'container', 'the registry gives each engine its own tasks')
    const cli = this.#cli
    if (terms.signal.aborted) return neverBegan(stopped())
    if (cli === undefined) return neverBegan(stopping())
    try {
      const request = readContainerTask(task, this.#init.images)
      return await this.#runContainer(cli, request, terms)
    } catch (cause) {
      return neverBegan(MeshError.from(cause))
    }
  }

  /** Removes what an earlier run left behind when it was killed. */
  async #clear(cli: ContainerCli): Promise<void> {
    await cli.remove(await cli.names(this.#mark))
    rmSync(this.#root(), { recursive: true, force: true })
    mkdirSync(this.#root(), { recursive: true, mode: 0o700 })
  }

  async #runContainer(
    cli: ContainerCli,
    request: ContainerRequest,
    terms: ContainerTerms
  ): Promise<TaskOutcome> {
    const name = `${this.#mark}${randomUUID()}`
    const uid = chooseJobUser(undefined, process.getuid?.())
    const init = { name, uid, path: join(this.#root(), name) }
    const run = new ContainerRun({ clock: this.#clock, cli }, init, request, terms)
    this.#runs.add(run)
    try {
      return await run.run()
    } finally {
      this.#runs.delete(run)
    }
  }

  #root(): string {
    return join(this.#init.folder, 'containers')
  }
}

async function requireImage(cli: ContainerCli, image: string): Promise<void> {
  const { code, stderr } = await cli.call(['image', 'inspect', image])
  if (code === 0) return
  throw new MeshError('ENGINE_UNAVAILABLE', `image ${image} can't be offered: ${stderr}`, {
    hint: 'fetch it before the worker starts'
  })
}

function neverBegan(error: MeshError): TaskOutcome {
  return { error, logsDroppedBytes: 0, usage: { wallMs: 0 } }
}
