/**
 * What a function says while it runs: its log, bounded, and its progress at a steady pace. It lives where
 * the function does, so that one that talks without end fills no queue on the way.
 */
import { inspect } from 'node:util'
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
  context(task: Omit<FunctionContext, 'log' | 'progress'>): FunctionContext {
    return {
      ...task,
      log: (value, stream) => {
        const text = asText(value)
        this.write(stream, text.endsWith('\n') ? text : `${text}\n`)
      },
      progress: (ratio, text) => {
        if (!this.#isOver) this.#report(ratio, text)
      }
    }
  }

  /** Adds to its log as it stands; a stream of any other name is `out`. */
  write(stream: unknown, text: string): void {
    if (this.#isOver) return
    this.#logs.write(stream === 'err' ? 'err' : 'out', text, 0)
    // It may compute for long now, and nobody would look at the clock meanwhile.
    this.#logs.flush()
  }

  /** Says what is left to say; nothing is said after it. */
  finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel?.()
    this.#logs.flush()
    this.#progress.flush()
  }

  /** A program in plain JavaScript may hand in a text that is none. */
  #report(ratio: number, text: unknown): void {
    if (!Number.isFinite(ratio)) {
      throw new TypeError(`progress(ratio, text) needs a ratio from 0 to 1, not ${String(ratio)}`)
    }
    this.#progress.report({
      ratio: Math.min(1, Math.max(0, ratio)),
      ...(text === undefined ? {} : { text: asText(text).slice(0, PROGRESS_TEXT_LENGTH_MAX) })
    })
    this.#cancel ??= this.#clock.after(PROGRESS_PERIOD_MS, () => {
      this.#cancel = undefined
      this.#progress.flush()
    })
  }
}

/** As `console` shows it. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value)
}
