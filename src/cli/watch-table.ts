/** Several jobs as one live table on a terminal, and as one line per change elsewhere. */
import { isTerminal } from '../jobs/records.ts'
import { WATCH_COLUMNS } from './columns.ts'
import { LiveTable } from './live-table.ts'
import { renderTable } from './render.ts'
import { renderProgressLine } from './render-job.ts'
import { systemClock } from '../core/clock.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { Output } from './output.ts'
import type { TextSink } from './terminal.ts'

/** More than fits on most terminals hides the newest. */
export const WATCHED_JOBS_MAX = 20

export class WatchTable {
  readonly #jobs = new Map<string, JobView>()
  readonly #output: Output
  readonly #stdout: TextSink
  readonly #table: LiveTable
  readonly #stopRedraw: () => void
  readonly #lines = new Map<string, string>()

  constructor(output: Output, stdout: TextSink) {
    this.#output = output
    this.#stdout = stdout
    this.#table = new LiveTable(stdout, () =>
      renderTable(
        [...this.#jobs.values()],
        WATCH_COLUMNS.filter(({ isWide }) => output.format === 'wide' || isWide !== true),
        output.style
      )
    )
    this.#stopRedraw = output.isForPrograms ? () => undefined : this.#table.redrawEverySecond()
  }

  get isFull(): boolean {
    return this.#jobs.size >= WATCHED_JOBS_MAX
  }

  get(id: string): JobView | undefined {
    return this.#jobs.get(id)
  }

  /** A job, or how it stands now. */
  show(job: JobView): void {
    this.#jobs.set(job.id, job)
    this.#makeRoom()
    if (this.#output.isForPrograms) this.#output.record(job)
    else if (this.#stdout.isTTY) this.#table.draw()
    else this.#printLine(job)
  }

  /** The last table stays on the screen. */
  stop(): void {
    this.#stopRedraw()
  }

  /** Of too many, those that have ended go first, then the oldest. */
  #makeRoom(): void {
    while (this.#jobs.size > WATCHED_JOBS_MAX) {
      const jobs = [...this.#jobs.values()]
      const leaving = jobs.find(({ state }) => isTerminal(state)) ?? jobs[0]
      if (leaving === undefined) return
      this.#jobs.delete(leaving.id)
      this.#lines.delete(leaving.id)
    }
  }

  #printLine(job: JobView): void {
    const line = renderProgressLine(systemClock.wallMs(), job)
    // The same but for its time says nothing new.
    const news = JSON.stringify([job.state, job.counts])
    if (this.#lines.get(job.id) === news) return
    this.#lines.set(job.id, news)
    this.#output.line(line)
  }
}
