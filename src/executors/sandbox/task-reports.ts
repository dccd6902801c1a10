/**
 * What the caller hears of one task while it runs in a sandbox host. The host bounds its words
 * itself, but has run a stranger's code: bytes, times and pace are held here once more. A host that
 * breaks them is cut short, not ended; it harms no more than its own task's log.
 */
import { LIMITS } from '../../core/limits.ts'
import { PROGRESS_PERIOD_MS } from './messages.ts'
import type { Clock } from '../../core/clock.ts'
import type { LogEntry } from '../../model/generated/commands-execute-task.ts'
import type { LogMessage, ProgressMessage } from './messages.ts'
import type { TaskRun } from '../executor.ts'

export class TaskReports {
  readonly #clock: Clock
  readonly #listener: Pick<TaskRun, 'onLog' | 'onProgress'>
  readonly #startedMs: number
  #roomBytes: number = LIMITS.logBytesMax
  /** As the host counts them. */
  #hostDroppedBytes = 0
  #cutBytes = 0
  #lastMs = 0
  #progressCount = 0

  /** Made when the task is handed over. */
  constructor(clock: Clock, listener: Pick<TaskRun, 'onLog' | 'onProgress'>) {
    this.#clock = clock
    this.#listener = listener
    this.#startedMs = clock.monotonicMs()
  }

  get droppedBytes(): number {
    return this.#hostDroppedBytes + this.#cutBytes
  }

  log({ entries, droppedBytes }: LogMessage): void {
    this.#hostDroppedBytes = droppedBytes
    for (const entry of entries) this.#logEntry(entry)
  }

  progress({ progress }: ProgressMessage): void {
    // Twice the pace of a host that keeps to its own, so that messages which the pipe held up all count.
    const countMax = 2 + (2 * this.#elapsedMs()) / PROGRESS_PERIOD_MS
    if (this.#progressCount >= countMax) return
    this.#progressCount += 1
    this.#listener.onProgress(progress)
  }

  #logEntry({ ms, stream, text }: LogEntry): void {
    const bytes = Buffer.byteLength(text)
    if (bytes > this.#roomBytes) {
      this.#cutBytes += bytes
      // As in the host: nothing comes after a gap.
      this.#roomBytes = 0
      return
    }
    this.#roomBytes -= bytes
    // No entry is older than the one before it, and none is from the future.
    this.#lastMs = Math.max(this.#lastMs, Math.min(ms, this.#elapsedMs()))
    this.#listener.onLog({ ms: this.#lastMs, stream, text })
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startedMs
  }
}
