/** How far a fetch is, on stderr: redrawn on a terminal, a line now and then elsewhere, JSON lines for programs. */
import { LiveTable } from '../live-table.ts'
import { millisecondsLeft, renderAmounts } from '../byte-amounts.ts'
import { plural, renderBar, shortPeer } from '../render.ts'
import { systemClock } from '../../core/clock.ts'
import type { CommandContext } from '../command.ts'
import type { Tally, TallySum } from './tally.ts'

const BAR_LETTERS = 20
const DRAW_PERIOD_MS = 250
const EVENT_PERIOD_MS = 1_000
const LINE_PERIOD_MS = 2_000

export class FetchProgress {
  readonly #title: string
  readonly #tally: Tally
  readonly #context: CommandContext
  readonly #live: LiveTable
  readonly #cancel: () => void
  #said = ''

  constructor(title: string, tally: Tally, context: CommandContext) {
    const { output, terminal } = context
    this.#title = title
    this.#tally = tally
    this.#context = context
    this.#live = new LiveTable(terminal.stderr, () => this.#line(true))
    const draw = output.isForPrograms
      ? () => this.#sayEvent()
      : terminal.stderr.isTTY
        ? () => this.#live.draw()
        : () => this.#sayLine()
    const periodMs = output.isForPrograms
      ? EVENT_PERIOD_MS
      : terminal.stderr.isTTY
        ? DRAW_PERIOD_MS
        : LINE_PERIOD_MS
    this.#cancel = output.isQuiet ? () => {} : systemClock.every(periodMs, draw)
  }

  /** What follows has its place for itself. */
  stop(): void {
    this.#cancel()
    this.#live.clear()
  }

  /** Whom it was tried with, where it has failed. */
  sayLosses(): void {
    const { output } = this.#context
    if (output.isForPrograms) return
    for (const { bytes, peer, reason, state } of this.#tally.peers()) {
      if (reason !== undefined && bytes === 0) output.note(`${shortPeer(peer)} ${state}: ${reason}`)
    }
  }

  #line(hasBar: boolean): string {
    const sum = this.#tally.sum()
    const bar = hasBar ? `  ${barOf(sum)}` : ''
    return `${this.#title}${bar}  ${renderAmounts(sum)}  ${plural(sum.peerCount, 'peer')}`
  }

  #sayLine(): void {
    const line = this.#line(false)
    if (line !== this.#said) this.#context.output.note(line)
    this.#said = line
  }

  #sayEvent(): void {
    const sum = this.#tally.sum()
    this.#context.output.noteRecord({
      event: 'progress',
      bytes: sum.bytes,
      size: sum.totalBytes ?? null,
      fetched_bytes: sum.fetchedBytes,
      bytes_per_second: Math.round(sum.bytesPerSecond),
      eta_ms: millisecondsLeft(sum) ?? null,
      peers: sum.peerCount
    })
  }
}

function barOf({ bytes, totalBytes = 0 }: TallySum): string {
  const share = totalBytes === 0 ? 0 : bytes / totalBytes
  return renderBar(share, BAR_LETTERS).padEnd(BAR_LETTERS, '░')
}
