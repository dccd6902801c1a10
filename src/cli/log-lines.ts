/** Pieces of a log as lines: a task may write half a line now and the rest later. */
import type { LogEntry, LogView } from '../model/generated/api-log.ts'

export interface LogLine {
  item: string
  attempt: number
  stream: LogEntry['stream']
  /** Since the attempt began; of its first piece. */
  ms: number
  text: string
}

export class LogLines {
  readonly #onLine: (line: LogLine) => void
  /** Begun lines, one for each stream of each attempt. */
  readonly #open = new Map<string, LogLine>()

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine
  }

  add({ attempt, entries, is_complete: isComplete, item }: LogView): void {
    for (const { ms, stream, text } of entries) {
      const key = `${stream} ${attempt} ${item}`
      const begun = this.#open.get(key)
      const pieces = `${begun?.text ?? ''}${text}`.split('\n')
      const rest = pieces.pop() as string
      pieces.forEach((piece, index) => {
        const at = index === 0 ? (begun?.ms ?? ms) : ms
        this.#onLine({ item, attempt, stream, ms: at, text: piece })
      })
      if (rest === '') this.#open.delete(key)
      else {
        const at = pieces.length === 0 ? (begun?.ms ?? ms) : ms
        this.#open.set(key, { item, attempt, stream, ms: at, text: rest })
      }
    }
    if (isComplete) this.flush()
  }

  /** What was begun and never ended is a line too. */
  flush(): void {
    const lines = [...this.#open.values()]
    this.#open.clear()
    lines.forEach((line) => this.#onLine(line))
  }
}
