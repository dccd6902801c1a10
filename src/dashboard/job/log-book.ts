/**
 * The lines of a log as they come, so many of the newest: what is written without an end must not fill a browser. They are kept in place,
 * not copied with each message; `version` says that they changed. Pure.
 */
import type { LogEntry, LogView } from '../../model/generated/api-log.ts'

export interface LogLine {
  /** Counts all lines that came, also those that were dropped since. */
  number: number
  /** Since the task began. */
  ms: number
  stream: LogEntry['stream']
  text: string
}

export const LINES_MAX = 200_000

export class LogBook {
  readonly #lines: LogLine[] = []
  #count = 0
  #version = 0
  #attempt: string | undefined
  /** Of each stream the line that has not ended, if it is not the only one. */
  readonly #open: Partial<Record<LogEntry['stream'], LogLine>> = {}

  /** All of a log whose streams nobody tells apart any more. */
  static ofText(text: string): LogBook {
    const book = new LogBook()
    book.take({ item: '', attempt: 0, entries: [{ ms: 0, stream: 'out', text }] })
    return book
  }

  /** Numbered without a gap. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }

  get version(): number {
    return this.#version
  }

  get droppedCount(): number {
    return this.#count - this.#lines.length
  }

  /** Another attempt begins anew. */
  take({ attempt, entries, item }: Pick<LogView, 'attempt' | 'entries' | 'item'>): void {
    const which = `${item}.${attempt}`
    if (this.#attempt !== undefined && this.#attempt !== which) this.#clear()
    this.#attempt = which
    for (const entry of entries) this.#write(entry)
    this.#lines.splice(0, Math.max(0, this.#lines.length - LINES_MAX))
    this.#version += 1
  }

  #write({ ms, stream, text }: LogEntry): void {
    const parts = text.split('\n')
    parts.forEach((part, index) => {
      const isLast = index === parts.length - 1
      const open = this.#open[stream]
      if (open !== undefined) {
        // A new object, so that whoever draws it sees that it is another.
        const at = open.number - (this.#lines[0]?.number ?? 0)
        const longer = { ...open, text: open.text + part }
        if (at >= 0) this.#lines[at] = longer
        this.#open[stream] = longer
      } else if (!isLast || part !== '') {
        this.#count += 1
        const line = { number: this.#count, ms, stream, text: part }
        this.#lines.push(line)
        this.#open[stream] = line
      }
      if (!isLast) delete this.#open[stream]
    })
  }

  #clear(): void {
    this.#lines.length = 0
    this.#count = 0
    delete this.#open.out
    delete this.#open.err
  }
}
