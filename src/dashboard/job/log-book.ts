/** The lines of a log as they come, so many of the newest: what is written without an end must not fill a browser. Pure. */
import type { LogEntry, LogView } from '../../model/generated/api-log.ts'

export interface LogLine {
  /** Counts all lines that came, also those that were dropped since. */
  number: number
  /** Since the task began. */
  ms: number
  stream: LogEntry['stream']
  text: string
}

export const LINES_MAX = 5_000

export class LogBook {
  #lines: LogLine[] = []
  #count = 0
  #attempt: string | undefined
  /** Of each stream the line that has not ended, if it is not the only one. */
  readonly #open: Partial<Record<LogEntry['stream'], LogLine>> = {}

  get lines(): readonly LogLine[] {
    return this.#lines
  }

  get droppedCount(): number {
    return this.#count - this.#lines.length
  }

  /** Another attempt begins anew. */
  take({ attempt, entries, item }: Pick<LogView, 'attempt' | 'entries' | 'item'>): void {
    const which = `${item}.${attempt}`
    if (this.#attempt !== undefined && this.#attempt !== which) this.#clear()
    this.#attempt = which
    const fresh = [...this.#lines]
    for (const entry of entries) this.#write(fresh, entry)
    this.#lines = fresh.length > LINES_MAX ? fresh.slice(-LINES_MAX) : fresh
  }

  #write(lines: LogLine[], { ms, stream, text }: LogEntry): void {
    const parts = text.split('\n')
    parts.forEach((part, index) => {
      const isLast = index === parts.length - 1
      const open = this.#open[stream]
      if (open !== undefined) {
        // A new object, so that whoever draws it sees that it is another.
        const at = lines.lastIndexOf(open)
        const longer = { ...open, text: open.text + part }
        if (at !== -1) lines[at] = longer
        this.#open[stream] = longer
      } else if (!isLast || part !== '') {
        this.#count += 1
        const line = { number: this.#count, ms, stream, text: part }
        lines.push(line)
        this.#open[stream] = line
      }
      if (!isLast) delete this.#open[stream]
    })
  }

  #clear(): void {
    this.#lines = []
    this.#count = 0
    delete this.#open.out
    delete this.#open.err
  }
}
