/**
 * Engine `builtin`: a few bounded functions of our own, run in the node's process. That is safe only
 * because no user code is involved and each is bounded by the size of its arguments; whatever can
 * take long (`sleep`) listens to its signal. `noop` and `echo` measure what the mesh itself costs, so
 * they do nothing that they need not do.
 */
import { createHash } from 'node:crypto'
import { assert } from '../core/assert.ts'
import { MeshError } from '../core/errors.ts'
import { checkTaskFolder } from '../model/task-folder.ts'
import { sleep } from '../core/abort.ts'
import { stopped, timedOut } from './task-ends.ts'
import type { BuiltinTask } from '../model/generated/job.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { Executor, TaskOutcome, TaskRun } from './executor.ts'

export interface BuiltinExecutorComponents {
  clock: Clock
}

/** Usage of what is over before a clock would notice. */
const NO_USAGE = Object.freeze({ wallMs: 0 })
const NOOP_OUTCOME: Readonly<TaskOutcome> = Object.freeze(succeeded('null'))
/** A sleep says how far it is this often; a shorter one is over before anybody asks. */
const SLEEP_PROGRESS_MS = 1_000

export class BuiltinExecutor implements Executor {
  readonly engine = 'builtin'
  readonly isolation = 'none'
  readonly enforces = [] as const
  readonly allowsNetwork = false
  readonly names = []
  readonly #clock: Clock

  constructor(components: BuiltinExecutorComponents) {
    this.#clock = components.clock
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  /** Every worker has the same. */
  refusalOf(): undefined {}

  async run(run: TaskRun): Promise<TaskOutcome> {
    const { task, signal } = run
    assert(task.engine === 'builtin', 'the registry gives each engine its own tasks')
    if (signal.aborted) return failed(stopped())
    try {
      checkTaskFolder(run)
    } catch (cause) {
      return failed(MeshError.from(cause))
    }
    switch (task.name) {
      case 'noop':
        return NOOP_OUTCOME
      case 'echo':
        return succeeded(task.args === undefined ? 'null' : JSON.stringify(task.args))
      case 'sha256':
        return hash(task.args)
      case 'sleep':
        return this.#sleep(run, task.args)
    }
  }

  async #sleep(run: TaskRun, args: BuiltinTask['args']): Promise<TaskOutcome> {
    const delayMs = args?.['ms']
    if (delayMs === undefined) return failed(missing('ms', 'sleep', 'a number of milliseconds'))
    if (typeof delayMs !== 'number' || !(delayMs >= 0 && delayMs < Infinity)) {
      return failed(invalid('ms', delayMs, 'a number of milliseconds, 0 or more'))
    }
    const startedMs = this.#clock.monotonicMs()
    const cancelProgress = delayMs > SLEEP_PROGRESS_MS ? this.#report(delayMs, run) : undefined
    const error = await this.#wait(delayMs, run)
    cancelProgress?.()
    const usage = { wallMs: this.#clock.monotonicMs() - startedMs }
    return { ...(error === undefined ? succeeded('null') : failed(error)), usage }
  }

  #report(delayMs: number, { onProgress }: TaskRun): CancelTimer {
    const startedMs = this.#clock.monotonicMs()
    return this.#clock.every(SLEEP_PROGRESS_MS, () => {
      onProgress({ ratio: Math.min(1, (this.#clock.monotonicMs() - startedMs) / delayMs) })
    })
  }

  async #wait(delayMs: number, { timeoutMs, signal }: TaskRun): Promise<MeshError | undefined> {
    try {
      await sleep(this.#clock, Math.min(delayMs, timeoutMs), { signal })
    } catch {
      // Only the signal ends a sleep early.
      return stopped()
    }
    return delayMs > timeoutMs ? timedOut(timeoutMs) : undefined
  }
}

function hash(args: BuiltinTask['args']): TaskOutcome {
  const text = args?.['text']
  if (text === undefined) return failed(missing('text', 'sha256', 'the text to hash'))
  if (typeof text !== 'string') return failed(invalid('text', text, 'a string'))
  return succeeded(`"${createHash('sha256').update(text).digest('hex')}"`)
}

function succeeded(output: string): TaskOutcome {
  return { output, logsDroppedBytes: 0, usage: NO_USAGE }
}

function failed(error: MeshError): TaskOutcome {
  return { error, logsDroppedBytes: 0, usage: NO_USAGE }
}

function missing(name: string, functionName: string, what: string): MeshError {
  return new MeshError('FIELD_MISSING', `task.args.${name} is missing`, {
    path: `task.args.${name}`,
    hint: `${functionName} needs ${what} in "${name}"`,
    blame: 'job'
  })
}

function invalid(name: string, value: unknown, what: string): MeshError {
  return new MeshError('FIELD_INVALID', `task.args.${name} is ${typeof value}, not ${what}`, {
    path: `task.args.${name}`,
    hint: `write ${what}`,
    blame: 'job'
  })
}
