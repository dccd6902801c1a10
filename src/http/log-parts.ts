/** Parts of a log: what a reader has not seen yet, what it wants to see. Pure. */
import { MeshError } from '../core/errors.ts'
import type { LogEntry, LogView } from '../model/generated/api-log.ts'

/** How far a reader has come: so many entries of that attempt, and all attempts before it. */
export interface LogCursor {
  attempt: number
  entry: number
}

export interface LogSelection {
  stream?: LogEntry['stream']
  /** The last lines alone. */
  tail?: number
}

/** `2:17`, as the id of an event. @throws MeshError FIELD_INVALID */
export function parseCursor(text: string): LogCursor {
  const [, attempt, entry] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? []
  if (attempt !== undefined && entry !== undefined) {
    return { attempt: Number(attempt), entry: Number(entry) }
  }
  throw new MeshError('FIELD_INVALID', 'the last event id is none of a log', {
    path: 'last-event-id'
  })
}

export function formatCursor({ attempt, entry }: LogCursor): string {
  return `${attempt}:${entry}`
}

/** Where a reader stands once it has this part. */
export function cursorAfter({ attempt, entries, from = 0 }: LogView): LogCursor {
  return { attempt, entry: from + entries.length }
}

/** The part without what was seen; undefined if its attempt is one of the past. */
export function unseenOf(part: LogView, cursor: LogCursor | undefined): LogView | undefined {
  if (cursor === undefined || part.attempt > cursor.attempt) return part
  if (part.attempt < cursor.attempt) return undefined
  const from = part.from ?? 0
  const seenCount = Math.min(Math.max(0, cursor.entry - from), part.entries.length)
  return { ...part, from: from + seenCount, entries: part.entries.slice(seenCount) }
}

/** `from` stays the number that the first of the chosen entries has in the whole log. */
export function selectEntries(part: LogView, { stream, tail }: LogSelection): LogView {
  const from = part.from ?? 0
  const numbered = part.entries
    .map((entry, index) => ({ entry, number: from + index }))
    .filter(({ entry }) => stream === undefined || entry.stream === stream)
  const chosen = tail === undefined ? numbered : lastLines(numbered, tail)
  return {
    ...part,
    from: chosen[0]?.number ?? from + part.entries.length,
    entries: chosen.map(({ entry }) => entry)
  }
}

interface Numbered {
  entry: LogEntry
  number: number
}

/** Entries are pieces of text, not lines: the first that is kept may be cut in its middle. */
function lastLines(pieces: readonly Numbered[], lineCount: number): Numbered[] {
  if (lineCount === 0) return []
  let breaksLeft = lineCount
  // The break at the very end closes the last line and begins no other.
  if (pieces.at(-1)?.entry.text.endsWith('\n') === true) breaksLeft += 1
  for (let index = pieces.length - 1; index >= 0; index -= 1) {
    const { entry, number } = pieces[index] as Numbered
    for (let at = entry.text.length - 1; at >= 0; at -= 1) {
      if (entry.text[at] !== '\n') continue
      breaksLeft -= 1
      if (breaksLeft > 0) continue
      const text = entry.text.slice(at + 1)
      const rest = pieces.slice(index + 1)
      return text === '' ? rest : [{ entry: { ...entry, text }, number }, ...rest]
    }
  }
  return [...pieces]
}
