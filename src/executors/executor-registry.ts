/**
 * The engines of one worker by name. What does not start here is not offered, rather than failing
 * each task that comes for it.
 */
import { MeshError } from '../core/errors.ts'
import { by } from '../observe/readings.ts'
import type { EngineName, Executor, SandboxCounts } from './executor.ts'
import type { Isolation } from '../model/isolation.ts'
import type { Readings, Sample } from '../observe/readings.ts'
import type { Resource } from '../model/enforcement.ts'
import type { Startable } from '../core/startable.ts'

export class ExecutorRegistry implements Startable {
  readonly #executors: ReadonlyMap<EngineName, Executor>
  readonly #offered = new Map<EngineName, Executor>()
  readonly #problems = new Map<EngineName, MeshError>()

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
    await Promise.all(
      [...this.#executors].map(async ([engine, executor]) => {
        try {
          await executor.start()
          this.#problems.delete(engine)
          this.#offered.set(engine, executor)
        } catch (cause) {
          this.#problems.set(engine, MeshError.from(cause, 'ENGINE_UNAVAILABLE'))
        }
      })
    )
  }

  async stop(): Promise<void> {
    this.#offered.clear()
    await Promise.all([...this.#executors.values()].map((executor) => executor.stop()))
  }
}
