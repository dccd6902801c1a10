/** A table, or a bar, at the bottom of the terminal that is redrawn in place, with lines that stay above it. */
import { printableLines } from '../core/plain-text.ts'
import { systemClock } from '../core/clock.ts'
import { stripVTControlCharacters } from 'node:util'
import type { TextSink } from './terminal.ts'

const REDRAW_PERIOD_MS = 1_000

export class LiveTable {
  readonly #sink: TextSink
  readonly #render: () => string
  #rowCount = 0

  /** Where the sink is no terminal there is no table, only the lines. */
  constructor(sink: TextSink, render: () => string) {
    this.#sink = sink
    this.#render = render
  }

  /** A line that stays. */
  above(line: string): void {
    this.#sink.write(`${this.#erased()}${printableLines(line)}\n`)
  }

  draw(): void {
    if (!this.#sink.isTTY) return
    const text = printableLines(this.#render())
    this.#sink.write(`${this.#erased()}\n${text}\n`)
    const { columns } = this.#sink
    const rowsOf = (line: string): number =>
      Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns))
    this.#rowCount = text.split('\n').reduce((sum, line) => sum + rowsOf(line), 1)
  }

  /** Takes it away for what is printed after it. */
  clear(): void {
    if (this.#rowCount > 0) this.#sink.write(this.#erased())
  }

  /** So that ages stay true. @returns what ends it */
  redrawEverySecond(): () => void {
    if (!this.#sink.isTTY) return () => undefined
    return systemClock.every(REDRAW_PERIOD_MS, () => this.draw())
  }

  /** What takes the old table off the screen. */
  #erased(): string {
    const count = this.#rowCount
    this.#rowCount = 0
    return count === 0 ? '' : `\u001b[${count}A\u001b[0J`
  }
}
