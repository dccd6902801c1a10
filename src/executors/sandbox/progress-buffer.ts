/**
 * The progress of one task inside its host: only its latest word counts, and that is sent on at a
 * steady pace however often the task reports.
 */
import { PROGRESS_PERIOD_MS } from './messages.ts'
import type { Clock } from '../../core/clock.ts'
import type { TaskProgress } from '../../model/generated/commands-execute-task.ts'

export interface ProgressBufferInit {
  clock: Clock
  send: (progress: TaskProgress) => void
}

export class ProgressBuffer {
  readonly #init: ProgressBufferInit
  #pending: TaskProgress | undefined
  #sentAtMs = -Infinity

  constructor(init: ProgressBufferInit) {
    this.#init = init
  }

  report(progress: TaskProgress): void {
    this.#pending = progress
    this.flushIfStale()
  }

  flushIfStale(): void {
    if (this.#pending === undefined) return
    if (this.#init.clock.monotonicMs() - this.#sentAtMs >= PROGRESS_PERIOD_MS) this.flush()
  }

  flush(): void {
    if (this.#pending === undefined) return
    this.#sentAtMs = this.#init.clock.monotonicMs()
    this.#init.send(this.#pending)
    this.#pending = undefined
  }
}
