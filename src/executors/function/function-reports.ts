/**
 * What a function says while it runs: its log, bounded, and its progress at a steady pace. It lives where
 * the function does, so that one that talks without end fills no queue on the way.
 */
import { LogBuffer } from '../sandbox/log-buffer.ts'
import { ProgressBuffer } from '../sandbox/progress-buffer.ts'
import { PROGRESS_PERIOD_MS, PROGRESS_TEXT_LENGTH_MAX } from '../sandbox/messages.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FunctionContext } from './definitions.ts'
import type { TaskRun } from '../executor.ts'

export class FunctionReports {
  readonly #clock: Clock
  readonly #logs: LogBuffer
  readonly #progress: ProgressBuffer
  #droppedBytes = 0
  #cancel: CancelTimer | undefined
  #isOver = false

  /** Made when the function is called: the times of its log count from here. */
  constructor(clock: Clock, { onLog, onProgress }: Pick<TaskRun, 'onLog' | 'onProgress'>) {
    this.#clock = clock
    this.#progress = new ProgressBuffer({ clock, send: onProgress })
    this.#logs = new LogBuffer({
      clock,
      send: (entries, droppedBytes) => {
        this.#droppedBytes = droppedBytes
        for (const entry of entries) onLog(entry)
      }
    })
  }

  /** What it wrote beyond the bound of its log. */
  get droppedBytes(): number {
    return this.#droppedBytes
  }

  /** What the function itself gets. */
  context(signal: AbortSignal): FunctionContext {
    return {
      signal,
      log: (text, stream = 'out') => {
        if (this.#isOver) return
        this.#logs.write(stream, text.endsWith('\n') ? text : `${text}\n`, 0)
        // It may compute for long now, and nobody would look at the clock meanwhile.
        this.#logs.flush()
      },
      progress: (ratio, text) => {
        if (!this.#isOver) this.#report(ratio, text)
      }
    }
  }

  /** Says what is left to say; nothing is said after it. */
  finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel?.()
    this.#logs.flush()
    this.#progress.flush()
  }

  #report(ratio: number, text: string | undefined): void {
    if (!Number.isFinite(ratio)) throw new TypeError('progress takes a number from 0 to 1')
    this.#progress.report({
      ratio: Math.min(1, Math.max(0, ratio)),
      ...(text === undefined ? {} : { text: text.slice(0, PROGRESS_TEXT_LENGTH_MAX) })
    })
    this.#cancel ??= this.#clock.after(PROGRESS_PERIOD_MS, () => {
      this.#cancel = undefined
      this.#progress.flush()
    })
  }
}
