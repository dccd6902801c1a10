/**
 * What one task wrote: its first part in numbered entries, with how much of it its router has already, and
 * all of it in a spool where it is more than that.
 */
import { LIMITS } from '../core/limits.ts'
import type { LogSpool } from './log-spool.ts'
import type { LogEntry, LogPart } from '../model/generated/commands-execute-task.ts'

/** As many as one part may list: this bounds entries of next to none. */
const ENTRIES_MAX = 65_536

/** What an entry takes in a frame beside its text: three names, a number, a stream. */
const ENTRY_BYTES = 48

export class TaskLog {
  readonly #entries: LogEntry[] = []
  #acknowledgedCount = 0
  #droppedBytes = 0
  #roomBytes: number = LIMITS.logBytesMax
  #spool: LogSpool | undefined

  /** Where all of it goes once it is more than entries take. */
  set spool(spool: LogSpool) {
    this.#spool = spool
  }

  add(entry: LogEntry): void {
    const bytes = Buffer.byteLength(entry.text)
    const hasRoom = this.#entries.length < ENTRIES_MAX && this.#droppedBytes === 0
    const text = !hasRoom ? '' : headOf(entry.text, this.#roomBytes)
    const isWhole = hasRoom && text.length === entry.text.length
    if (!isWhole) this.#overflow(entry.text)
    if (isWhole || text !== '') this.#entries.push(isWhole ? entry : { ...entry, text })
    const keptBytes = isWhole ? bytes : Buffer.byteLength(text)
    this.#roomBytes -= keptBytes
    this.#droppedBytes += bytes - keptBytes
  }

  /** A word of the worker's own about the task. */
  note(text: string): void {
    this.add({ ms: this.#entries.at(-1)?.ms ?? 0, stream: 'err', text: `${text}\n` })
  }

  /** Bytes that were written beyond what entries take. */
  get droppedBytes(): number {
    return this.#droppedBytes
  }

  /** Bytes that it takes in memory, roughly. */
  get bytes(): number {
    return sizeOf(this.#entries)
  }

  /** True when the router has all of it. */
  get isAcknowledged(): boolean {
    return this.#acknowledgedCount === this.#entries.length
  }

  /** The router has the first so many entries: fewer than before, when it lost some. */
  acknowledge(count: number): void {
    this.#acknowledgedCount = Math.min(count, this.#entries.length)
  }

  /** The number after the last entry. */
  get nextNumber(): number {
    return this.#entries.length
  }

  /** The spool begins with all that there are entries of. */
  #overflow(text: string): void {
    if (this.#droppedBytes === 0) this.#spool?.write(this.text())
    this.#spool?.write(text)
  }

  /** What the router doesn't have; undefined when it has all. */
  pending(): LogPart | undefined {
    if (this.isAcknowledged) return undefined
    const from = this.#acknowledgedCount
    return { from, entries: this.#entries.slice(from) }
  }

  /** The entries as one text. */
  text(): string {
    return this.#entries.map(({ text }) => text).join('')
  }
}

/** The longest beginning that is no longer than so many bytes. */
function headOf(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax))
  return text.slice(0, read)
}

/** As much of a part as fits beside what else a frame carries, and what had to be left out. */
export function fitPart(part: LogPart, bytesMax: number): { part: LogPart; leftOutBytes: number } {
  let roomBytes = bytesMax
  const end = part.entries.findIndex((entry) => {
    roomBytes -= sizeOf([entry])
    return roomBytes < 0
  })
  if (end === -1) return { part, leftOutBytes: 0 }
  const leftOut = part.entries.slice(end)
  return {
    part: { from: part.from, entries: part.entries.slice(0, end) },
    leftOutBytes: leftOut.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0)
  }
}

function sizeOf(entries: readonly LogEntry[]): number {
  let bytes = 0
  for (const { text } of entries) bytes += ENTRY_BYTES + Buffer.byteLength(text)
  return bytes
}
