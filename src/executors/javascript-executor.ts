/**
 * Engine `javascript`: runs `main(input)` of a module text that a stranger wrote, in a sandbox host.
 * Decides nothing about limits itself: the pool and its hosts hold them.
 */
import { SandboxPool } from './sandbox-pool.ts'
import { assert } from '../core/assert.ts'
import type { Executor, TaskOutcome, TaskRun } from './executor.ts'
import type { SandboxPoolComponents, SandboxPoolInit } from './sandbox-pool.ts'

export class JavascriptExecutor implements Executor {
  readonly engine = 'javascript'
  readonly #pool: SandboxPool

  /** `init.size` is how many tasks may run at the same time. */
  constructor(components: SandboxPoolComponents, init: SandboxPoolInit = {}) {
    this.#pool = new SandboxPool(components, init)
  }

  /** Process ids of its sandbox hosts. */
  get pids(): number[] {
    return this.#pool.pids
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  stop(): Promise<void> {
    return this.#pool.stop()
  }

  run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'javascript', 'the registry gives each engine its own tasks')
    const input = JSON.stringify(task.input ?? null)
    return this.#pool.run({ source: task.source, input }, terms)
  }
}
