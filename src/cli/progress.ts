/**
 * How far a job is, on stderr: a live bar on a terminal, now and then a line elsewhere. An array job is
 * as far as its tasks have ended; a single task as far as it says itself.
 */
import { systemClock } from '../core/clock.ts'
import { formatDuration } from '../core/units.ts'
import { LiveTable } from './live-table.ts'
import { renderBar, shorten } from './render.ts'
import type { ItemCounts } from '../model/generated/api-job.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { Output } from './output.ts'
import type { TextSink } from './terminal.ts'

export interface Progress {
  /** Anything that happened to the job. */
  tell(event: MeshEvent): void
  /** Something to say above the bar. */
  say(text: string): void
  /** Lets something be printed without the bar in its way. */
  beside(print: () => void): void
  stop(): void
}

/** A terminal is drawn on this often at most. */
const DRAW_PERIOD_MS = 100

/** A line this often at most, where there is no terminal to redraw. */
const LINE_PERIOD_MS = 2_000
const BAR_LETTERS = 30
/** Of what a task says of itself. */
const TEXT_LETTERS = 40

/** Nothing of the progress itself for --quiet. */
export function createProgress(
  title: string,
  total: number,
  output: Output,
  stderr: TextSink
): Progress {
  if (output.isQuiet) return new NoProgress()
  const state = new ProgressState(total)
  return stderr.isTTY
    ? new BarProgress(title, state, output, stderr)
    : new LineProgress(title, state, output)
}

/** What is known of a job's progress, and how to say it. */
export class ProgressState {
  readonly total: number
  #done = 0
  #troubles = ''
  #ratio: number | undefined
  #text = ''

  constructor(total: number) {
    this.total = total
  }

  /** @returns whether there is anything new to show */
  take({ counts, item, progress, type }: MeshEvent): boolean {
    if (counts !== undefined) {
      this.#done = counts.completed + counts.failed + counts.stopped
      this.#troubles = troublesOf(counts)
    }
    if (type !== 'attempt:progress' || progress === undefined) return counts !== undefined
    this.#ratio = progress.ratio ?? this.#ratio
    const whose = this.total > 1 && item !== undefined ? `${item}: ` : ''
    if (progress.text !== undefined) this.#text = shorten(`${whose}${progress.text}`, TEXT_LETTERS)
    return true
  }

  /** A single task that says nothing of itself has no progress but its end. */
  get isKnown(): boolean {
    return this.total > 1 || this.#ratio !== undefined || this.#text !== ''
  }

  /** From 0 to 1. */
  get share(): number {
    return this.total > 1 ? this.#done / this.total : Math.max(this.#done, this.#ratio ?? 0)
  }

  get figure(): string {
    if (this.total > 1) return `${this.#done}/${this.total}`
    return `${Math.floor(this.share * 100)}%`
  }

  /** What follows the figure: troubles, and the task's own words; a single one that has ended says none. */
  get note(): string {
    const text = this.total === 1 && this.#done === 1 ? '' : this.#text
    return [this.#troubles, text].map((part) => (part === '' ? '' : `  ${part}`)).join('')
  }
}

class NoProgress implements Progress {
  tell(): void {}

  say(): void {}

  beside(print: () => void): void {
    print()
  }

  stop(): void {}
}

class BarProgress implements Progress {
  readonly #title: string
  readonly #state: ProgressState
  readonly #output: Output
  readonly #live: LiveTable
  readonly #startedMs = systemClock.monotonicMs()
  #stopRedraw: (() => void) | undefined
  #drawnAtMs = -Infinity

  constructor(title: string, state: ProgressState, output: Output, stderr: TextSink) {
    this.#title = title
    this.#state = state
    this.#output = output
    this.#live = new LiveTable(stderr, () => this.#text())
    this.#draw()
  }

  tell(event: MeshEvent): void {
    const isDue = systemClock.monotonicMs() - this.#drawnAtMs >= DRAW_PERIOD_MS
    if (this.#state.take(event) && isDue) this.#draw()
  }

  say(text: string): void {
    this.beside(() => this.#output.note(text))
  }

  beside(print: () => void): void {
    this.#live.clear()
    print()
    this.#draw()
  }

  /** The bar stays as it was at last. */
  stop(): void {
    this.#draw()
    this.#stopRedraw?.()
  }

  #draw(): void {
    if (!this.#state.isKnown) return
    this.#stopRedraw ??= this.#live.redrawEverySecond()
    this.#drawnAtMs = systemClock.monotonicMs()
    this.#live.draw()
  }

  #text(): string {
    const tookMs = Math.round((systemClock.monotonicMs() - this.#startedMs) / 100) * 100
    const { figure, note, share } = this.#state
    const bar = renderBar(share, BAR_LETTERS).padEnd(BAR_LETTERS, '░')
    return `${this.#title}  ${bar}  ${figure}  ${formatDuration(tookMs)}${note}`
  }
}

class LineProgress implements Progress {
  readonly #title: string
  readonly #state: ProgressState
  readonly #output: Output
  #saidAtMs = systemClock.monotonicMs()
  #said = ''

  constructor(title: string, state: ProgressState, output: Output) {
    this.#title = title
    this.#state = state
    this.#output = output
  }

  tell(event: MeshEvent): void {
    this.#state.take(event)
    const { figure, isKnown, note, share } = this.#state
    const nowMs = systemClock.monotonicMs()
    const isDue = share === 1 || nowMs - this.#saidAtMs >= LINE_PERIOD_MS
    const line = `${figure}${note}`
    if (!isKnown || !isDue || line === this.#said) return
    this.#saidAtMs = nowMs
    this.#said = line
    this.#output.note(`${this.#title}  ${line}`)
  }

  say(text: string): void {
    this.#output.note(text)
  }

  beside(print: () => void): void {
    print()
  }

  stop(): void {}
}

function troublesOf({ failed, stopped }: ItemCounts): string {
  const parts = [failed > 0 ? `${failed} failed` : '', stopped > 0 ? `${stopped} stopped` : '']
  const said = parts.filter((part) => part !== '').join(', ')
  return said === '' ? '' : `(${said})`
}
