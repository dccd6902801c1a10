/** What one task wrote, in numbered entries, and how much of it its router has already. */
import type { LogEntry, LogPart } from '../model/generated/commands-execute-task.ts'

/** As many as one part may list. The engine bounds the bytes; this bounds entries of next to none. */
const ENTRIES_MAX = 65_536

/** What an entry takes in a frame beside its text: three names, a number, a stream. */
const ENTRY_BYTES = 48

export class TaskLog {
  readonly #entries: LogEntry[] = []
  #acknowledgedCount = 0
  #droppedBytes = 0

  add(entry: LogEntry): void {
    if (this.#entries.length < ENTRIES_MAX) this.#entries.push(entry)
    else this.#droppedBytes += Buffer.byteLength(entry.text)
  }

  /** Bytes that were written beyond the number of entries. */
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

  /** What the router doesn't have; undefined when it has all. */
  pending(): LogPart | undefined {
    if (this.isAcknowledged) return undefined
    const from = this.#acknowledgedCount
    return { from, entries: this.#entries.slice(from) }
  }

  /** All of it as one text. */
  text(): string {
    return this.#entries.map(({ text }) => text).join('')
  }
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
