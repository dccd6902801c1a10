/**
 * The engines of one worker by name. What does not start here is not offered, rather than failing
 * each task that comes for it, and tried again: it may have lacked no more than a moment of processor time.
 */
import { MeshError } from '../core/errors.ts'
import { by } from '../observe/readings.ts'
import { sleep } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { EngineName, Executor, SandboxCounts } from './executor.ts'
import type { Isolation } from '../model/isolation.ts'
import type { Readings, Sample } from '../observe/readings.ts'
import type { Resource } from '../model/enforcement.ts'
import type { Startable } from '../core/startable.ts'

/** After the start; doubles with each further try. */
const RETRY_MS = 15_000
const RETRY_MS_MAX = 600_000

export class ExecutorRegistry implements Startable {
  readonly #executors: ReadonlyMap<EngineName, Executor>
  readonly #offered = new Map<EngineName, Executor>()
  readonly #problems = new Map<EngineName, MeshError>()
  #stopping = new AbortController()
  #retrying: Promise<void> | undefined

  constructor(executors: readonly Executor[]) {
    this.#executors = new Map(executors.map((executor) => [executor.engine, executor]))
  }

  /** Engines that a task may ask for, in alphabetical order; none before `start`. */
  engines(): EngineName[] {
    return [...this.#offered.keys()].toSorted()
  }

  /** What each of them keeps its tasks from. */
  isolation(): Partial<Record<EngineName, Isolation>> {
    return Object.fromEntries(
      this.engines().map((engine) => [engine, this.get(engine).isolation] as const)
    )
  }

  /** Which limits each of them holds by force. */
  enforces(): Partial<Record<EngineName, Resource[]>> {
    return Object.fromEntries(
      this.engines().map((engine) => [engine, [...this.get(engine).enforces]] as const)
    )
  }

  /** Those whose tasks get the network where they ask for it. */
  networkEngines(): EngineName[] {
    return this.engines().filter((engine) => this.get(engine).allowsNetwork)
  }

  /** What tasks of an engine may name here; nothing where it is not offered. */
  names(engine: EngineName): string[] {
    return [...(this.#offered.get(engine)?.names ?? [])]
  }

  /** Why an engine that was configured is not offered; for the worker's log. */
  problems(): ReadonlyMap<EngineName, MeshError> {
    return this.#problems
  }

  readings(): Readings {
    const counts = [...this.#offered].flatMap(([engine, executor]) => {
      const sandboxes = executor.sandboxes?.()
      return sandboxes === undefined ? [] : [[engine, sandboxes] as const]
    })
    const of = (what: keyof SandboxCounts): readonly Sample[] =>
      by('engine', Object.fromEntries(counts.map(([engine, one]) => [engine, one[what]])))
    return {
      taskmesh_sandbox_starts_total: of('starts'),
      taskmesh_sandbox_failed_starts_total: of('failedStarts'),
      taskmesh_sandbox_processes: of('live')
    }
  }

  /** @throws MeshError ENGINE_UNAVAILABLE */
  get(engine: EngineName): Executor {
    const executor = this.#offered.get(engine)
    if (executor !== undefined) return executor
    const problem = this.#problems.get(engine)
    throw new MeshError('ENGINE_UNAVAILABLE', `this worker does not offer engine "${engine}"`, {
      hint: problem === undefined ? `it offers: ${this.engines().join(', ')}` : problem.message,
      cause: problem
    })
  }

  /** Starts all; an engine that fails is left out and named by `problems`. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    await Promise.all([...this.#executors.values()].map((executor) => this.#try(executor)))
  }

  /** From now on, tries those again from time to time that did not start, and tells of each that has. */
  keepTrying(clock: Clock, onOffered: (engine: EngineName) => void): void {
    this.#retrying ??= this.#retry(clock, onOffered)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#retrying
    this.#retrying = undefined
    this.#offered.clear()
    await Promise.all([...this.#executors.values()].map((executor) => executor.stop()))
  }

  async #try(executor: Executor): Promise<void> {
    const { engine } = executor
    try {
      await executor.start()
      this.#problems.delete(engine)
      this.#offered.set(engine, executor)
    } catch (cause) {
      this.#problems.set(engine, MeshError.from(cause, 'ENGINE_UNAVAILABLE'))
    }
  }

  async #retry(clock: Clock, onOffered: (engine: EngineName) => void): Promise<void> {
    const { signal } = this.#stopping
    // One try after the other.
    /* oxlint-disable no-await-in-loop */
    for (let waitMs = RETRY_MS; this.#problems.size > 0; waitMs *= 2) {
      await sleep(clock, Math.min(waitMs, RETRY_MS_MAX), { signal }).catch(() => {})
      for (const engine of this.#problems.keys()) {
        if (signal.aborted) return
        await this.#try(this.#executors.get(engine) as Executor)
        if (this.#offered.has(engine)) onOffered(engine)
      }
    }
    /* oxlint-enable no-await-in-loop */
  }
}
