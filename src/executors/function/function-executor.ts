/**
 * Engine `function`: calls what the program that embeds the worker has registered by name. It decides
 * which function a task gets and whether its input fits; what a function may do is its owner's affair, as
 * it is the owner's own code.
 */
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { checkTaskFolder } from '../../model/task-folder.ts'
import { callInline } from './function-call.ts'
import { compileFunctions } from './known-function.ts'
import { FunctionRun } from './function-run.ts'
import { ThreadPool } from './thread-pool.ts'
import { Turns } from './turns.ts'
import { neverBegan, stopping } from '../task-ends.ts'
import type { Clock } from '../../core/clock.ts'
import type { Executor, TaskOutcome, TaskRun } from '../executor.ts'
import type { TaskDocument } from '../../model/job.ts'
import type { FunctionDefaults, KnownFunction } from './known-function.ts'
import type { FunctionDefinitions } from './definitions.ts'
import type { FunctionEventListener } from './function-event.ts'
import type { FunctionRunComponents } from './function-run.ts'

export interface FunctionExecutorComponents {
  clock: Clock
}

export interface FunctionExecutorInit extends FunctionDefaults {
  functions: FunctionDefinitions
  /** The node's own folder, in which calls leave their outputs. */
  folder: string
  /** From a time limit to the end by force, in milliseconds. @default 5000 */
  graceMs?: number
  /** Hears of each call as it begins and ends; must not throw. */
  onEvent?: FunctionEventListener | undefined
}

/** What a function may still do once its time is up; less than a router waits beyond the time limit. */
const GRACE_MS = 5_000

/** A function with its place to run. */
interface Place {
  known: KnownFunction
  turns: Turns
  pool: ThreadPool | undefined
  start: FunctionRunComponents['start']
}

export class FunctionExecutor implements Executor {
  readonly engine = 'function'
  /** In alphabetical order. */
  readonly names: readonly string[]
  /** That of its weakest function: which one a task calls is not known where it is asked for. */
  readonly isolation: 'none' | 'thread'
  /** Nothing of what a job asks for: the heap of a thread is bounded by its definition, before any job comes. */
  readonly enforces = [] as const
  /** A function has what its program has, whatever the job asks for. */
  readonly allowsNetwork = true
  readonly #clock: Clock
  readonly #onEvent: FunctionEventListener
  readonly #graceMs: number
  readonly #folder: string
  readonly #places: ReadonlyMap<string, Place>
  readonly #runs = new Set<FunctionRun>()
  #isStarted = false

  /** @throws MeshError CONFIG_INVALID or FIELD_INVALID for what no task could call */
  constructor(
    { clock }: FunctionExecutorComponents,
    { folder, functions, graceMs = GRACE_MS, onEvent = () => {}, ...defaults }: FunctionExecutorInit
  ) {
    const known = compileFunctions(functions, defaults)
    this.#clock = clock
    this.#onEvent = onEvent
    this.#graceMs = graceMs
    this.#folder = join(folder, 'function-folders')
    this.names = known.map(({ name }) => name).toSorted()
    this.isolation = known.every(({ body }) => typeof body !== 'function') ? 'thread' : 'none'
    this.#places = new Map(known.map((one) => [one.name, placeOf(one, clock)]))
  }

  /** @throws MeshError ENGINE_UNAVAILABLE where a module can't be loaded */
  async start(): Promise<void> {
    try {
      await rm(this.#folder, { recursive: true, force: true })
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      await Promise.all(this.#pools().map((pool) => pool.start()))
    } catch (cause) {
      await this.stop()
      throw cause
    }
    this.#isStarted = true
  }

  /** A task that still runs ends with WORKER_STOPPING; an inline call that heeds nothing is left behind. */
  async stop(): Promise<void> {
    this.#isStarted = false
    const runs = [...this.#runs]
    for (const run of runs) run.end(stopping())
    await Promise.allSettled(runs.map(({ ended }) => ended))
    await Promise.all(this.#pools().map((pool) => pool.stop()))
  }

  /** A router that knows this worker does not send such a task; one that is behind finds another. */
  refusalOf(task: TaskDocument): MeshError | undefined {
    assert(task.engine === 'function', 'the registry gives each engine its own tasks')
    return this.#places.has(task.name) ? undefined : this.#unknown(task.name)
  }

  /** @throws MeshError ENGINE_UNAVAILABLE, WORKER_BUSY or WORKER_STOPPING, and then nothing was called */
  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'function', 'the registry gives each engine its own tasks')
    if (!this.#isStarted) throw stopping()
    const { name, input = null } = task
    const place = this.#places.get(name)
    if (place === undefined) throw this.#unknown(name)
    try {
      place.known.checkInput(input)
      checkTaskFolder({ task, ...terms })
    } catch (cause) {
      return neverBegan(MeshError.from(cause))
    }
    const timeoutMs = Math.min(terms.timeoutMs, place.known.timeoutMs)
    const run = new FunctionRun(
      {
        clock: this.#clock,
        onEvent: this.#onEvent,
        graceMs: this.#graceMs,
        folder: this.#folder,
        ...place
      },
      { ...terms, name, input, timeoutMs }
    )
    this.#runs.add(run)
    try {
      return await run.ended
    } finally {
      this.#runs.delete(run)
    }
  }

  #pools(): ThreadPool[] {
    return [...this.#places.values()].flatMap(({ pool }) => pool ?? [])
  }

  #unknown(name: string): MeshError {
    return new MeshError('ENGINE_UNAVAILABLE', `this worker has no function "${name}"`, {
      path: 'task.name',
      hint: `it has: ${this.names.join(', ')}`
    })
  }
}

function placeOf(known: KnownFunction, clock: Clock): Place {
  const { body, concurrency, name } = known
  const turns = new Turns(concurrency)
  if (typeof body === 'function') {
    return { known, turns, pool: undefined, start: (call) => callInline(clock, body, call) }
  }
  const pool = new ThreadPool({ ...body, name, size: concurrency })
  return { known, turns, pool, start: (call) => pool.run(call) }
}
