/**
 * What this worker began and ended, one line each, in a file that outlives its process (not the
 * machine's power: nothing waits for the disk). The next run learns from it what was lost with this
 * one, and whoever doubts that a task ran once can read it.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { LIMITS } from '../../core/limits.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { journalLine, leaseKey, noteLine, readEntries } from './journal-entries.ts'
import type { Clock } from '../../core/clock.ts'
import type { JournalEntry, JournalName, JournalNote, OpenLines } from './journal-entries.ts'
import type { Logger } from '../../observe/logger.ts'

export interface TaskJournalComponents {
  clock: Clock
  logger: Logger
}

export interface TaskJournalInit {
  /** The worker's own folder. */
  folder: string
  /** The file is moved aside, over the one before it, when it has grown so far. @default 8 MiB */
  bytesMax?: number
}

const FILE = 'tasks.journal'
/** Some 20,000 tasks. */
const BYTES_MAX = 8 * 2 ** 20
/** What a new run takes over from an old file, beside the attempts that are open. */
const KEPT_MS_MAX = 86_400_000

export class TaskJournal {
  readonly #components: TaskJournalComponents
  readonly #file: string
  readonly #bytesMax: number
  readonly #open: OpenLines = new Map()
  #handle: number | undefined
  #bytes = 0
  /** Set when a write failed: the line may be there in part. */
  #isTorn = false
  /** True from the first write that fails to the next that doesn't. */
  #isFailing = false
  /** Lines that go out with the next write. */
  #draft = ''
  /** Attempts that begin with it. */
  #beginning: string[] = []
  /** Resolves when the draft is written; there is one while somebody waits for that. */
  #written: PromiseWithResolvers<void> | undefined
  #isLaterSet = false

  constructor(components: TaskJournalComponents, init: TaskJournalInit) {
    this.#components = components
    this.#file = join(init.folder, FILE)
    this.#bytesMax = init.bytesMax ?? BYTES_MAX
  }

  /**
   * Reads what the last runs left and makes the file small again.
   * @returns the attempts of earlier runs of which their routers may still ask, oldest first
   * @throws MeshError STORE_FAILED
   */
  open(): JournalEntry[] {
    if (this.#handle !== undefined) return []
    try {
      this.#takeOver()
      this.#handle = openSync(this.#file, 'a', 0o600)
    } catch (cause) {
      throw new MeshError('STORE_FAILED', `the journal ${this.#file}: ${messageOf(cause)}`, {
        cause
      })
    }
    return readEntries([...this.#open.values()].join('\n')).map(({ entry }) => entry)
  }

  /**
   * A task is about to begin: resolves once the system has that line. Those that come together are
   * written together, for a write costs more than its lines.
   * @throws MeshError RESOURCES_UNAVAILABLE when it can't be written down
   */
  began(name: JournalName): Promise<void> {
    this.#add({ name, event: 'began' })
    this.#beginning.push(name.key)
    if (this.#written === undefined) {
      this.#written = Promise.withResolvers<void>()
      queueMicrotask(() => this.#flush())
    }
    return this.#written.promise
  }

  /** Ends are written with what comes next, or at the end of this turn of the event loop. */
  note(notes: readonly JournalNote[]): void {
    for (const note of notes) this.#add(note)
    if (this.#isLaterSet) return
    this.#isLaterSet = true
    setImmediate(() => {
      this.#isLaterSet = false
      this.#flush()
    })
  }

  /** May be called twice. */
  close(): void {
    this.#flush()
    if (this.#handle !== undefined) closeSync(this.#handle)
    this.#handle = undefined
  }

  #add(note: JournalNote): void {
    const line = journalLine(note, this.#components.clock.wallMs(), process.pid)
    this.#draft += `${line}\n`
    noteLine(this.#open, note.name.key, { event: note.event, line, state: note.state })
  }

  #flush(): void {
    const draft = this.#draft
    const beginning = this.#beginning
    const written = this.#written
    this.#draft = ''
    this.#beginning = []
    this.#written = undefined
    try {
      if (draft !== '') this.#write(draft)
      this.#isFailing = false
      written?.resolve()
    } catch (cause) {
      for (const key of beginning) this.#open.delete(key)
      this.#complain(cause)
      const message = `this worker cannot write its journal: ${messageOf(cause)}`
      written?.reject(new MeshError('RESOURCES_UNAVAILABLE', message, { cause }))
    }
  }

  /** Once: a full disk lasts, and what ends meanwhile is over all the same. */
  #complain(cause: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const fields = { file: this.#file, error: messageOf(cause) }
    this.#components.logger.error(fields, 'journal not written: no task can begin')
  }

  #write(draft: string): void {
    if (this.#handle === undefined) throw new Error('it is closed')
    const text = this.#isTorn ? `\n${draft}` : draft
    this.#isTorn = true
    writeAll(this.#handle, text)
    this.#isTorn = false
    this.#bytes += text.length
    if (this.#bytes > this.#bytesMax) this.#rotate()
  }

  /** The old file stays beside the new one, which begins with what is open. */
  #rotate(): void {
    try {
      const text = textOf([...this.#open.values()])
      writeFileSync(`${this.#file}.new`, text, { mode: 0o600 })
      const handle = openSync(`${this.#file}.new`, 'a')
      renameSync(this.#file, `${this.#file}.1`)
      renameSync(`${this.#file}.new`, this.#file)
      if (this.#handle !== undefined) closeSync(this.#handle)
      this.#handle = handle
      this.#bytes = text.length
    } catch (cause) {
      // It goes on in the file that it has, and tries again when that has doubled.
      this.#bytes = 0
      const fields = { file: this.#file, error: messageOf(cause) }
      this.#components.logger.error(fields, 'journal not made smaller')
    }
  }

  #takeOver(): void {
    const text = readTail(this.#file, 2 * this.#bytesMax)
    const sinceMs = this.#components.clock.wallMs() - KEPT_MS_MAX
    const lines = readEntries(text).filter(({ entry }) => entry.at_ms >= sinceMs)
    for (const { entry, line } of lines) {
      const key = leaseKey(entry)
      // The last to be heard of comes last: the oldest are the first to be forgotten.
      this.#open.delete(key)
      noteLine(this.#open, key, { event: entry.event, line, state: entry.state })
    }
    for (const key of this.#open.keys()) {
      if (this.#open.size <= LIMITS.keptResultsMax) break
      this.#open.delete(key)
    }
    const recent = newest(
      lines.map(({ line }) => line),
      this.#bytesMax / 2
    )
    const staying = new Set(recent)
    const older = [...this.#open.values()].filter((line) => !staying.has(line))
    // Also ends a torn last line, so that the next one begins on its own.
    const kept = textOf([...older, ...recent])
    if (kept !== text) {
      writeFileSync(`${this.#file}.new`, kept, { mode: 0o600 })
      renameSync(`${this.#file}.new`, this.#file)
    }
    this.#bytes = kept.length
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function newest(lines: readonly string[], bytesMax: number): string[] {
  let roomBytes = bytesMax
  const last = lines.findLastIndex((line) => {
    roomBytes -= line.length + 1
    return roomBytes < 0
  })
  return lines.slice(last + 1)
}

/** The end of a file, from a whole line on; empty when there is no such file. */
function readTail(file: string, bytesMax: number): string {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw cause
  }
  try {
    const { size } = fstatSync(handle)
    if (size <= bytesMax) return readFileSync(handle, 'utf8')
    const tail = Buffer.alloc(bytesMax)
    const bytes = readSync(handle, tail, 0, bytesMax, size - bytesMax)
    const text = tail.toString('utf8', 0, bytes)
    return text.slice(text.indexOf('\n') + 1)
  } finally {
    closeSync(handle)
  }
}

/** One call nearly always; a full disk may take a part of it first. */
function writeAll(handle: number, text: string): void {
  const written = writeSync(handle, text)
  const bytes = Buffer.byteLength(text)
  if (written === bytes) return
  const rest = Buffer.from(text).subarray(written)
  for (let at = 0; at < rest.length;) at += writeSync(handle, rest, at)
}
