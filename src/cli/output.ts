/** Where a command's words go: data to stdout in the form that was asked for, everything else to stderr. */
import { printableJson, printableLines } from '../core/plain-text.ts'
import { renderTable, styleFor } from './render.ts'
import type { Column, Style } from './render.ts'
import type { Terminal, TextSink } from './terminal.ts'

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'jsonl', 'csv'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export interface OutputInit {
  format: OutputFormat
  isQuiet: boolean
  /** Undefined: when it is a terminal. */
  isColored?: boolean | undefined
}

export class Output {
  readonly format: OutputFormat
  readonly isQuiet: boolean
  /** For stdout; plain when that is no terminal. */
  readonly style: Style
  readonly #stdout: TextSink
  readonly #stderr: TextSink
  readonly stderrStyle: Style

  constructor({ stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>, init: OutputInit) {
    this.format = init.format
    this.isQuiet = init.isQuiet
    this.#stdout = stdout
    this.#stderr = stderr
    this.style = styleFor(init.isColored ?? stdout.isTTY)
    this.stderrStyle = styleFor(init.isColored ?? stderr.isTTY)
  }

  /** True when a program reads what is printed. */
  get isForPrograms(): boolean {
    return this.format !== 'table' && this.format !== 'wide'
  }

  /** A line of data, or several. It may hold words of strangers, such as names of files. */
  line(text = ''): void {
    this.#stdout.write(`${printableLines(text)}\n`)
  }

  /** One thing for programs, on a line of its own. */
  record(value: unknown): void {
    this.#stdout.write(`${printableJson(JSON.stringify(value))}\n`)
  }

  /** What a task has left, to the byte and with no line end of ours; on a terminal it may colour, but steer nothing. */
  content(content: string | Uint8Array): void {
    const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8')
    this.#stdout.write(this.#stdout.isTTY ? printableLines(text) : content)
  }

  /** Data as it is. */
  raw(bytes: Uint8Array): void {
    this.#stdout.write(bytes)
  }

  /** A line about what goes on, for people; not shown with --quiet. */
  note(text: string): void {
    if (!this.isQuiet) this.alert(text)
  }

  /** A note for programs. */
  noteRecord(value: unknown): void {
    this.note(printableJson(JSON.stringify(value)))
  }

  /** A line that even --quiet shows. */
  alert(text: string): void {
    this.#stderr.write(`${printableLines(text)}\n`)
  }

  /** One thing: as JSON for programs (indented on a terminal), by `render` for people. */
  value(value: unknown, render: (style: Style) => string): void {
    if (this.isForPrograms) this.#json(value)
    else this.line(render(this.style))
  }

  /** A list of things. */
  rows<Row extends object>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
    empty: string
  ): void {
    switch (this.format) {
      case 'json':
        return this.#json(rows)
      case 'jsonl':
        for (const row of rows) this.record(row)
        return
      case 'csv':
        return this.#csv(rows)
      case 'table':
      case 'wide': {
        if (rows.length === 0) return this.note(empty)
        const shown = columns.filter(({ isWide }) => this.format === 'wide' || isWide !== true)
        return this.line(renderTable(rows, shown, this.style))
      }
    }
  }

  /** Indented on a terminal. */
  #json(value: unknown): void {
    const json = JSON.stringify(value, null, this.#stdout.isTTY ? 2 : undefined)
    this.#stdout.write(`${printableJson(json)}\n`)
  }

  /** The fields of the rows themselves; what is not plain is JSON in its cell. */
  #csv(rows: readonly object[]): void {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    if (names.length === 0) return
    this.content(`${names.map(csvCell).join(',')}\n`)
    for (const row of rows) {
      const fields = row as Readonly<Record<string, unknown>>
      this.content(`${names.map((name) => csvCell(fields[name])).join(',')}\n`)
    }
  }
}

function csvCell(value: unknown): string {
  const text =
    typeof value === 'string' ? value : value === undefined ? '' : (JSON.stringify(value) ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
