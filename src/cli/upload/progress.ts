/** How far hashing, handing in and the like are, on stderr: a bar on a terminal, a line now and then elsewhere. */
import { LiveTable } from '../live-table.ts'
import { RateMeter } from '../../files/transfer/rate-meter.ts'
import { renderAmounts } from '../byte-amounts.ts'
import { renderBar } from '../render.ts'
import { systemClock } from '../../core/clock.ts'
import type { ByteAmounts } from '../byte-amounts.ts'
import type { CommandContext } from '../command.ts'
import type { Output } from '../output.ts'

const BAR_LETTERS = 20
const DRAW_PERIOD_MS = 250
const LINE_PERIOD_MS = 2_000

export class BytesProgress {
  readonly #live: LiveTable
  readonly #cancel: () => void
  #meter = new RateMeter(systemClock.monotonicMs())
  #title: string
  #said = ''
  #amounts: ByteAmounts = { bytes: 0, totalBytes: 0, bytesPerSecond: 0 }

  constructor(title: string, context: CommandContext) {
    const { output, terminal } = context
    this.#title = title
    this.#live = new LiveTable(terminal.stderr, () => this.#line(true))
    const isLive = terminal.stderr.isTTY
    const draw = isLive ? () => this.#live.draw() : () => this.#sayLine(output)
    const periodMs = isLive ? DRAW_PERIOD_MS : LINE_PERIOD_MS
    const isShown = !output.isQuiet && !output.isForPrograms
    this.#cancel = isShown ? systemClock.every(periodMs, draw) : () => {}
  }

  /** Something else begins. */
  begin(title: string, totalBytes: number): void {
    this.#title = title
    this.#meter = new RateMeter(systemClock.monotonicMs())
    this.#amounts = { bytes: 0, totalBytes, bytesPerSecond: 0 }
  }

  expect(bytes: number): void {
    this.#amounts.totalBytes = (this.#amounts.totalBytes ?? 0) + bytes
  }

  /** @param isWork what was there already took no time, and says nothing of the rate */
  add(bytes: number, isWork = true): void {
    this.#amounts.bytes += bytes
    if (isWork) this.#meter.add(bytes)
  }

  /** As somebody else counts it. */
  set(amounts: ByteAmounts): void {
    this.#amounts = amounts
  }

  stop(): void {
    this.#cancel()
    this.#live.clear()
  }

  /** Nothing for as long as nothing changes. */
  #sayLine(output: Output): void {
    const line = this.#line(false)
    if (line !== this.#said) output.note(line)
    this.#said = line
  }

  #line(hasBar: boolean): string {
    this.#meter.tick(systemClock.monotonicMs())
    const { bytes, bytesPerSecond, totalBytes } = this.#amounts
    const amounts = {
      bytes,
      totalBytes,
      bytesPerSecond: bytesPerSecond || this.#meter.bytesPerSecond
    }
    const share = totalBytes === undefined || totalBytes === 0 ? 0 : bytes / totalBytes
    const bar = hasBar ? `  ${renderBar(share, BAR_LETTERS).padEnd(BAR_LETTERS, '░')}` : ''
    return `${this.#title}${bar}  ${renderAmounts(amounts)}`
  }
}
