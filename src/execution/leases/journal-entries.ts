/** The lines of a worker's task journal: how they are read back, and which attempts they leave open. Pure. */

/** One line. Which attempt it is about stands in each, so that every line can be read by itself. */
export interface JournalEntry {
  at_ms: number
  event: 'began' | 'ended' | 'dropped'
  lease_id: string
  /** Peer id of the router whose attempt it is. */
  router: string
  job_id: string
  item: number
  attempt: number
  /** Of `ended`: `completed` or the error's code. Of `dropped`: why the worker let go of it. */
  state?: string
  /** Process id of the worker's run. */
  pid?: number
}

/** After these the router of an attempt knows how it ended, doesn't care, or came too late by far. */
export type SettledState = 'released' | 'unwanted' | 'forgotten'
/** Its result is gone, and the router has yet to hear of it. */
export type LostState = 'expired' | 'evicted' | 'untaken'
export type DroppedState = SettledState | LostState

const SETTLED: ReadonlySet<string | undefined> = new Set<SettledState>([
  'released',
  'unwanted',
  'forgotten'
])

/** An attempt as the journal names it, put together once for all its lines. */
export interface JournalName {
  /** Of the lease and its router: two routers may have hit on the same name. */
  readonly key: string
  /** The part of each of its lines that says which attempt it is: JSON fields. */
  readonly fields: string
}

/** Lines by the key of their attempt; the last one of each says how it stands. */
export type OpenLines = Map<string, string>

/** What a line adds to the name of its attempt. */
export interface JournalNote {
  name: JournalName
  event: JournalEntry['event']
  state?: string
}

export function leaseKey({ router, lease_id: leaseId }: LeaseOwner): string {
  return `${router} ${leaseId}`
}

type LeaseOwner = Pick<JournalEntry, 'router' | 'lease_id'>

export function journalName(attempt: Omit<JournalEntry, 'at_ms' | 'event'>): JournalName {
  const { attempt: number, item, job_id, lease_id, router } = attempt
  const text = JSON.stringify({ lease_id, router, job_id, item, attempt: number })
  return { key: leaseKey(attempt), fields: text.slice(1, -1) }
}

/** Written by hand: three lines per task, and `JSON.stringify` of whole objects would cost twice. */
export function journalLine(
  { event, name, state }: JournalNote,
  atMs: number,
  pid: number
): string {
  const stateField = state === undefined ? '' : `"state":"${state}",`
  return `{"at_ms":${atMs},"event":"${event}",${name.fields},${stateField}"pid":${pid}}`
}

/** Keeps the lines of attempts of which the router may still ask. */
export function noteLine(
  open: OpenLines,
  key: string,
  { event, line, state }: { event: JournalEntry['event']; line: string; state: string | undefined }
): void {
  if (event === 'dropped' && SETTLED.has(state)) open.delete(key)
  else open.set(key, line)
}

/** Reads a journal's text. A line that is torn or damaged is left out, for the rest is true without it. */
export function readEntries(text: string): { entry: JournalEntry; line: string }[] {
  return text.split('\n').flatMap((line) => {
    const entry = readEntry(line)
    return entry === undefined ? [] : [{ entry, line }]
  })
}

function readEntry(line: string): JournalEntry | undefined {
  if (line === '') return undefined
  try {
    const value = JSON.parse(line) as Partial<JournalEntry> | null
    return isEntry(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isEntry(value: Partial<JournalEntry> | null): value is JournalEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof value.at_ms === 'number' &&
    (value.event === 'began' || value.event === 'ended' || value.event === 'dropped') &&
    typeof value.lease_id === 'string' &&
    typeof value.router === 'string' &&
    typeof value.job_id === 'string' &&
    typeof value.item === 'number' &&
    typeof value.attempt === 'number' &&
    (value.state === undefined || typeof value.state === 'string')
  )
}
