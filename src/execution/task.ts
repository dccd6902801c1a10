/** One task at this worker, from its arrival to its end: what it is, what it says, and what ends it early. */
import { TaskLog } from './task-log.ts'
import type { MeshError } from '../core/errors.ts'
import type { TaskProgress } from '../model/generated/commands-execute-task.ts'
import type { OutputFile } from '../model/job.ts'
import type { TaskRequest } from './task-request.ts'
import type { TaskUsage } from '../executors/executor.ts'

/** How a task ended here, or why it never began. */
export interface TaskEnd {
  /** False for a task that this worker refused, or gave back while it waited. */
  hasBegun: boolean
  /** JSON text of what it returned. */
  output?: string
  /** What of its files the job asked for. */
  outputs?: readonly OutputFile[]
  /** In the place of a result that is too long for an answer. */
  outputFile?: OutputFile
  /** All of its log, where that is more than an answer has. */
  logFile?: OutputFile
  error?: MeshError
  usage?: TaskUsage & { bytesIn: number; bytesOut: number }
  logsDroppedBytes: number
  /** From its arrival until it had a slot, or was given up. */
  waitedMs: number
  fetchedMs?: number
  ranMs?: number
  publishedMs?: number
}

/** What is done for a task that has its slot. */
export type TaskPhase = 'fetching' | 'running' | 'publishing'

export class Task {
  readonly request: TaskRequest
  readonly log = new TaskLog()
  progress: TaskProgress | undefined
  #phase: TaskPhase | undefined
  /** Called when the log or the progress has grown, or another phase has begun. */
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

  /** Undefined before it has its slot. */
  get phase(): TaskPhase | undefined {
    return this.#phase
  }

  enter(phase: TaskPhase): void {
    if (this.#phase === phase) return
    // How far the last one was says nothing of this one, but what the task itself said stays.
    if (this.#phase === 'fetching') this.progress = undefined
    this.#phase = phase
    this.onNews?.()
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
