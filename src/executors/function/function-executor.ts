/**
 * Engine `function`: calls what the program that embeds the worker has registered by name. It decides
 * whose turn it is and how a call is told to end; what a function may do is its owner's affair, as it is
 * the owner's own code.
 */
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { callFunction } from './function-call.ts'
import { compileFunctions } from './definitions.ts'
import { FunctionRun } from './function-run.ts'
import { ThreadPool } from './thread-pool.ts'
import { Turns } from './turns.ts'
import type { Clock } from '../../core/clock.ts'
import type { Executor, TaskOutcome, TaskRun } from '../executor.ts'
import type { FunctionDefaults, FunctionDefinitions, KnownFunction } from './definitions.ts'
import type { FunctionRunComponents } from './function-run.ts'

export interface FunctionExecutorComponents {
  clock: Clock
}

export interface FunctionExecutorInit extends FunctionDefaults {
  functions: FunctionDefinitions
}

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
  readonly enforces = [] as const
  readonly #clock: Clock
  readonly #places: ReadonlyMap<string, Place>
  readonly #runs = new Set<FunctionRun>()
  #isStarted = false

  /** @throws MeshError CONFIG_INVALID for what no task could call */
  constructor(
    { clock }: FunctionExecutorComponents,
    { functions, ...defaults }: FunctionExecutorInit
  ) {
    const known = compileFunctions(functions, defaults)
    this.#clock = clock
    this.names = known.map(({ name }) => name).toSorted()
    this.isolation = known.every(({ body }) => typeof body !== 'function') ? 'thread' : 'none'
    this.#places = new Map(known.map((one) => [one.name, placeOf(one, clock)]))
  }

  /** @throws MeshError ENGINE_UNAVAILABLE where a module can't be loaded */
  async start(): Promise<void> {
    try {
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
    await Promise.all(runs.map(({ ended }) => ended))
    await Promise.all(this.#pools().map((pool) => pool.stop()))
  }

  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'function', 'the registry gives each engine its own tasks')
    if (!this.#isStarted) return neverBegan(stopping())
    const place = this.#places.get(task.name)
    if (place === undefined) return neverBegan(this.#unknown(task.name))
    const input = task.input ?? null
    try {
      place.known.checkInput(input)
    } catch (cause) {
      return neverBegan(MeshError.from(cause))
    }
    const run = new FunctionRun({ clock: this.#clock, ...place }, { ...terms, input })
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

  /** A router that knows this worker does not send such a task; one that is behind finds another. */
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
    const start: Place['start'] = (call) => ({ ended: callFunction(clock, body, call) })
    return { known, turns, pool: undefined, start }
  }
  const pool = new ThreadPool({ ...body, name, size: concurrency })
  return { known, turns, pool, start: (call) => pool.run(call) }
}

function stopping(): MeshError {
  return new MeshError('WORKER_STOPPING', 'the worker stopped while the task ran')
}

function neverBegan(error: MeshError): TaskOutcome {
  return { error, logsDroppedBytes: 0, usage: { wallMs: 0 } }
}
