/** What became of the tasks that came to this worker, and how long each phase took, counted for its metrics. */
import { Durations, Tally } from '../observe/readings.ts'
import type { Readings } from '../observe/readings.ts'
import type { EngineName } from '../executors/executor.ts'
import type { TaskEnd } from './task.ts'

const MS_PER_SECOND = 1_000

export class TaskTally {
  readonly #ended = new Tally('engine', 'end')
  readonly #refused = new Tally('code')
  readonly #cpuSeconds = new Tally('engine')
  readonly #phases = new Durations('phase')

  note(engine: EngineName, end: TaskEnd): void {
    const { error, fetchedMs, hasBegun, publishedMs, ranMs, usage, waitedMs } = end
    if (!hasBegun) return this.#refused.add([error?.code ?? 'INTERNAL'])
    this.#ended.add([engine, error?.code ?? 'ok'])
    const phases = {
      waiting: waitedMs,
      fetching: fetchedMs,
      running: ranMs,
      publishing: publishedMs
    }
    for (const [phase, tookMs] of Object.entries(phases)) {
      if (tookMs !== undefined) this.#phases.note(phase, tookMs)
    }
    if (usage?.cpuMs !== undefined) this.#cpuSeconds.add([engine], usage.cpuMs / MS_PER_SECOND)
  }

  readings(): Readings {
    return {
      taskmesh_task_ended_total: this.#ended.samples(),
      taskmesh_task_refused_total: this.#refused.samples(),
      taskmesh_task_phase_seconds: this.#phases.samples(),
      taskmesh_task_cpu_seconds_total: this.#cpuSeconds.samples()
    }
  }
}
