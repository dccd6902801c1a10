/** One task at this worker, from its arrival to its end: what it is, what it says, and what ends it early. */
import { TaskLog } from './task-log.ts'
import type { MeshError } from '../core/errors.ts'
import type { TaskProgress } from '../model/generated/commands-execute-task.ts'
import type { TaskRequest } from './task-request.ts'
import type { TaskUsage } from '../executors/executor.ts'

/** How a task ended here, or why it never began. */
export interface TaskEnd {
  /** False for a task that this worker refused, or gave back while it waited. */
  hasBegun: boolean
  /** JSON text of what it returned. */
  output?: string
  error?: MeshError
  usage?: TaskUsage & { bytesIn: number; bytesOut: number }
  logsDroppedBytes: number
  /** From its arrival until it had a slot, or was given up. */
  waitedMs: number
  ranMs?: number
}

export class Task {
  readonly request: TaskRequest
  readonly log = new TaskLog()
  progress: TaskProgress | undefined
  /** Called when the log or the progress has grown. */
  onNews: (() => void) | undefined
  /** Called whenever it is told to end, with the time that it still has from then on. */
  onStop: ((killAfterMs: number) => void) | undefined
  #killAfterMs: number
  readonly #controller = new AbortController()
  #stopReason: MeshError | undefined

  constructor(request: TaskRequest) {
    this.request = request
    this.#killAfterMs = request.killAfterMs
  }

  /** How long it may still go on once it was told to end. */
  get killAfterMs(): number {
    return this.#killAfterMs
  }

  /** Fires when the task is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Why it was told to end. */
  get stopReason(): MeshError | undefined {
    return this.#stopReason
  }

  /** Ends it, waiting or running. The first reason counts; a later word can only hurry it. */
  stop(reason: MeshError, killAfterMs = this.#killAfterMs): void {
    if (this.#stopReason === undefined) {
      this.#stopReason = reason
      this.#killAfterMs = killAfterMs
      this.#controller.abort(reason)
    }
    this.onStop?.(killAfterMs)
  }
}
