/**
 * What tasks write while they run. Each part goes into the store as it comes, and is read from there by
 * whoever asks; here is only kept how far each open log is. A worker sends again what was not taken, so
 * that parts which overlap or come too early are nothing unusual.
 */
import { asRecord } from '../../core/json.ts'
import { LIMITS } from '../../core/limits.ts'
import { formatBytes } from '../../core/units.ts'
import type { JobStore, StoreChange } from '../../jobs/store.ts'
import type { LogEntry, LogPart } from '../../model/generated/commands-execute-task.ts'

/** Names the log of one attempt. */
export interface LogKey {
  jobId: string
  itemIndex: number
  /** From 1. */
  attempt: number
}

export interface JobLogsComponents {
  store: Pick<JobStore, 'log'>
  /** Has changes stored, in the order of these calls. What cannot be stored is lost, so that no task waits for its log. */
  write: (changes: readonly StoreChange[]) => void
}

/** A log that may still grow. */
interface OpenLog {
  /** Entries that are stored. */
  keptCount: number
  keptBytes: number
  /** Entries that came, dropped ones too: the number of the one to come. */
  nextNumber: number
  droppedBytes: number
  lastMs: number
}

/** As in `commands/execute-task.schema.json`. */
const PART_ENTRIES_MAX = 65_536

export class JobLogs {
  readonly #components: JobLogsComponents
  readonly #open = new Map<string, OpenLog>()
  /** What is stored of logs that are being taken up again. */
  readonly #resuming = new Map<string, Promise<LogEntry[]>>()
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor(components: JobLogsComponents) {
    this.#components = components
  }

  /** Number of the entry that is to come next. Of a log begun by an earlier run of the router, `resume` knows. */
  next(key: LogKey): number {
    return this.#open.get(nameOf(key))?.nextNumber ?? 0
  }

  /**
   * Takes entries of an attempt that is open, the first of which has the number `from`. Those that are
   * here already are dropped; where some are missing before them, none is taken.
   * @returns number of the entry that is to come next
   */
  append(key: LogKey, from: number, entries: readonly LogEntry[]): number {
    const name = nameOf(key)
    if (this.#resuming.has(name)) return 0
    const log = this.#open.get(name) ?? newLog()
    if (from > log.nextNumber) return log.nextNumber
    const fresh = entries.slice(log.nextNumber - from)
    if (fresh.length === 0) return log.nextNumber
    this.#open.set(name, log)
    const number = log.keptCount
    const kept = takeFitting(log, fresh)
    if (kept.length > 0) {
      this.#components.write([{ kind: 'log', ...key, from: number, entries: kept }])
      this.#tell(name)
    }
    return log.nextNumber
  }

  /**
   * Goes on with a log that an earlier run of this router began. From this call on until it resolves no
   * entries are taken; they are asked for again.
   * @returns number of the entry that is to come next
   */
  async resume(key: LogKey): Promise<number> {
    const name = nameOf(key)
    if (!this.#open.has(name)) {
      const resuming = this.#resuming.get(name) ?? this.read(key)
      this.#resuming.set(name, resuming)
      try {
        this.#reopen(name, await resuming)
      } finally {
        this.#resuming.delete(name)
      }
    }
    return this.next(key)
  }

  #reopen(name: string, entries: readonly LogEntry[]): void {
    // Of several calls one is the first, and some may come after the end.
    if (!this.#resuming.has(name)) return
    const log = newLog()
    takeFitting(log, entries)
    this.#open.set(name, log)
  }

  /**
   * The attempt has ended. What did not fit leaves a last entry that says so.
   * @param droppedBytes what the worker itself did not keep
   * @returns whether there is anything to read
   */
  end(key: LogKey, droppedBytes = 0): boolean {
    const name = nameOf(key)
    const log = this.#open.get(name) ?? newLog()
    this.#open.delete(name)
    this.#resuming.delete(name)
    log.droppedBytes += droppedBytes
    if (log.droppedBytes > 0) {
      const entries = [droppedEntry(log)]
      this.#components.write([{ kind: 'log', ...key, from: log.keptCount, entries }])
    }
    this.#tell(name)
    return log.nextNumber > 0 || log.droppedBytes > 0
  }

  /** All that has come until now. */
  async read({ attempt, itemIndex, jobId }: LogKey): Promise<LogEntry[]> {
    return await this.#components.store.log(jobId, itemIndex, attempt)
  }

  /** Calls back whenever there is more to read, and when the attempt has ended. @returns what ends it */
  follow(key: LogKey, onMore: () => void): () => void {
    const name = nameOf(key)
    const listener = (): void => onMore()
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) {
        this.#listeners.delete(name)
      }
    }
  }

  #tell(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener()
  }
}

/** Part of a log as somebody else says that it is, believed only if it has the right shape. */
export function readLogPart(value: unknown): LogPart | undefined {
  const { entries, from } = asRecord(value)
  if (!Number.isSafeInteger(from) || (from as number) < 0) return undefined
  if (!Array.isArray(entries) || entries.length > PART_ENTRIES_MAX) return undefined
  const read: LogEntry[] = []
  for (const entry of entries as unknown[]) {
    const { ms, stream, text } = asRecord(entry)
    const isTime = typeof ms === 'number' && Number.isFinite(ms) && ms >= 0
    if (!isTime || (stream !== 'out' && stream !== 'err') || typeof text !== 'string') {
      return undefined
    }
    read.push({ ms, stream, text })
  }
  return { from: from as number, entries: read }
}

function newLog(): OpenLog {
  return { keptCount: 0, keptBytes: 0, nextNumber: 0, droppedBytes: 0, lastMs: 0 }
}

/** Counts entries in; gives those that fit. Nothing comes after a gap, as a log with holes would mislead. */
function takeFitting(log: OpenLog, entries: readonly LogEntry[]): LogEntry[] {
  const kept: LogEntry[] = []
  for (const entry of entries) {
    // An empty text counts too, or there would be no end to them.
    const bytes = Math.max(1, Buffer.byteLength(entry.text))
    const isFitting = log.droppedBytes === 0 && log.keptBytes + bytes <= LIMITS.logBytesMax
    log.nextNumber += 1
    log.lastMs = entry.ms
    if (isFitting) {
      log.keptBytes += bytes
      log.keptCount += 1
      kept.push(entry)
    } else log.droppedBytes += bytes
  }
  return kept
}

function droppedEntry({ droppedBytes, lastMs }: OpenLog): LogEntry {
  return { ms: lastMs, stream: 'err', text: `[${formatBytes(droppedBytes)} more were not kept]\n` }
}

function nameOf({ attempt, itemIndex, jobId }: LogKey): string {
  return `${jobId}/${itemIndex}/${attempt}`
}
