/** How far an array job is, on stderr: a live bar on a terminal, now and then a line elsewhere. */
import { SingleBar } from 'cli-progress'
import { systemClock } from '../core/clock.ts'
import { formatDuration } from '../core/units.ts'
import type { ItemCounts } from '../model/generated/api-job.ts'
import type { Output } from './output.ts'
import type { TextSink } from './terminal.ts'

export interface Progress {
  update(counts: ItemCounts): void
  /** Something to say above the bar. */
  say(text: string): void
  stop(): void
}

/** A line this often at most, where there is no terminal to redraw. */
const LINE_PERIOD_MS = 2_000
const BAR_LETTERS = 30

/** Silence for --quiet and for programs that read the output. */
export function createProgress(
  title: string,
  total: number,
  output: Output,
  stderr: TextSink
): Progress {
  if (output.isQuiet)
    return { update: () => undefined, say: () => undefined, stop: () => undefined }
  if (stderr.isTTY) return new BarProgress(title, total, output)
  return new LineProgress(title, total, output)
}

class BarProgress implements Progress {
  readonly #bar: SingleBar
  readonly #output: Output
  readonly #startedMs = systemClock.monotonicMs()

  constructor(title: string, total: number, output: Output) {
    this.#output = output
    this.#bar = new SingleBar({
      format: `${title}  {bar}  {value}/{total}  {took}{troubles}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: BAR_LETTERS,
      hideCursor: true,
      linewrap: false,
      stream: process.stderr,
      // Our own handler of Ctrl-C stops it.
      gracefulExit: false
    })
    this.#bar.start(total, 0, { took: '0s', troubles: '' })
  }

  update(counts: ItemCounts): void {
    this.#bar.update(doneOf(counts), {
      took: formatDuration(Math.round((systemClock.monotonicMs() - this.#startedMs) / 100) * 100),
      troubles: troublesOf(counts)
    })
  }

  say(text: string): void {
    // The line takes the bar's place; the bar draws itself again below.
    process.stderr.write('\r\u001b[2K')
    this.#output.note(text)
  }

  stop(): void {
    this.#bar.stop()
  }
}

class LineProgress implements Progress {
  readonly #title: string
  readonly #total: number
  readonly #output: Output
  #saidAtMs = systemClock.monotonicMs()
  #saidCount = 0

  constructor(title: string, total: number, output: Output) {
    this.#title = title
    this.#total = total
    this.#output = output
  }

  update(counts: ItemCounts): void {
    const count = doneOf(counts)
    const nowMs = systemClock.monotonicMs()
    const isDue = count === this.#total || nowMs - this.#saidAtMs >= LINE_PERIOD_MS
    if (!isDue || count === this.#saidCount) return
    this.#saidAtMs = nowMs
    this.#saidCount = count
    this.#output.note(`${this.#title}  ${count}/${this.#total}${troublesOf(counts)}`)
  }

  say(text: string): void {
    this.#output.note(text)
  }

  stop(): void {}
}

function doneOf({ completed, failed, stopped }: ItemCounts): number {
  return completed + failed + stopped
}

function troublesOf({ failed, stopped }: ItemCounts): string {
  const parts = [failed > 0 ? `${failed} failed` : '', stopped > 0 ? `${stopped} stopped` : '']
  const said = parts.filter((part) => part !== '').join(', ')
  return said === '' ? '' : `  (${said})`
}
