/** Text for people: tables, bars, short names, colours. Pure; knows nothing of commands. */
import Table from 'cli-table3'
import { printable } from '../core/plain-text.ts'

export interface Column<Row> {
  title: string
  /** What a person reads. */
  text: (row: Row) => string
  align?: 'left' | 'right'
  /** Shown by `--output wide` only. */
  isWide?: boolean
}

export interface Style {
  bold: (text: string) => string
  dim: (text: string) => string
  green: (text: string) => string
  yellow: (text: string) => string
  red: (text: string) => string
  cyan: (text: string) => string
}

/** The last letters of a peer id: all begin alike, and `node describe` takes endings. */
const PEER_LETTERS = 6
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((end) => [`${side}${end}`, ''])
  )
)

export function styleFor(isColored: boolean): Style {
  const paint = (start: number, end: number) => (text: string) =>
    isColored && text !== '' ? `\u001b[${start}m${text}\u001b[${end}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    yellow: paint(33, 39),
    red: paint(31, 39),
    cyan: paint(36, 39)
  }
}

/** A table without borders; titles in capitals. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: Style
): string {
  return renderGrid(
    rows.map((row) => columns.map(({ text }) => text(row))),
    {
      head: columns.map(({ title }) => style.dim(title.toUpperCase())),
      aligns: columns.map(({ align }) => align ?? 'left')
    }
  )
}

export interface GridInit {
  head?: readonly string[]
  aligns?: readonly ('left' | 'right')[]
  indent?: number
}

/** Cells in columns two spaces apart, with no spaces at the ends of lines. */
export function renderGrid(cells: readonly (readonly string[])[], init: GridInit = {}): string {
  const table = new Table({
    ...(init.head === undefined ? {} : { head: [...init.head] }),
    ...(init.aligns === undefined ? {} : { colAligns: [...init.aligns] }),
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true }
  })
  for (const row of cells) table.push(row.map((text) => printable(text)))
  const indent = ' '.repeat(init.indent ?? 0)
  return table
    .toString()
    .split('\n')
    .map((line) => `${indent}${line}`.trimEnd())
    .join('\n')
}

/** Names and what they are, one per line. */
export function renderFacts(facts: readonly (readonly [string, string])[], style: Style): string {
  return renderGrid(
    facts.flatMap(([name, text]) =>
      text.split('\n').map((line, index) => [index === 0 ? style.dim(name) : '', line])
    )
  )
}

/** A bar of up to `width` letters for a share of 0 to 1, exact to an eighth of a letter. */
export function renderBar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8)
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** `…kGzB8x` */
export function shortPeer(peer: string | null | undefined): string {
  if (peer === null || peer === undefined) return '–'
  return peer.length > PEER_LETTERS * 2 ? `…${peer.slice(-PEER_LETTERS)}` : peer
}

/** A peer as somebody may have copied it from a table. */
export function withoutEllipsis(peer: string): string {
  return peer.replace(/^(…|\.\.\.)/, '')
}

/** At most `lengthMax` letters, on one line. */
export function shorten(text: string, lengthMax: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > lengthMax ? `${line.slice(0, lengthMax - 1)}…` : line
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** `3 tasks`, `1 task` */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`
}

export function formatLabels(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '–' : pairs.join(' ')
}
