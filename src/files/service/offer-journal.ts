/**
 * What this node offers, as a journal that others follow: each change has a revision, and whoever knows one
 * is told what came and went after it. It lives as long as the node; what is told of a file is what the
 * library says of it when it is told.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { LIMITS } from '../../core/limits.ts'
import { newRunId } from '../../core/ids.ts'
import type { FileEntry } from '../store/file-index.ts'
import type { FileLibrary } from '../store/library.ts'
import type {
  FileCursor,
  ListFilesParams,
  ListFilesResult
} from '../../model/generated/commands-list-files.ts'
import type { Random } from '../../core/random.ts'
import type { Startable } from '../../core/startable.ts'

export interface OfferJournalComponents {
  library: Pick<FileLibrary, 'events' | 'get' | 'list'>
  random: Random
}

export interface OfferJournalInit {
  /** Files that are gone, of which it remembers that they were here. @default LIMITS.goneFilesMax */
  goneMax?: number
}

type OfferedFile = ListFilesResult['files'][number]

/** The last that happened to a file. */
interface JournalEntry {
  readonly id: string
  readonly revision: number
  readonly isGone: boolean
  /** In a folder of the owner's, or added by him. */
  readonly isShared: boolean
  /** Something happened to it since, or it is forgotten. */
  isStale: boolean
}

/** One answer stays far below a frame, whatever the names. */
const PAGE_BYTES = 1_048_576
/** Of an entry without its name: hash, size, the words around. */
const ENTRY_BYTES = 200
/** Fewer are not worth a pass over all. */
const STALE_MIN = 1_024

export class OfferJournal implements Startable {
  /** Names this life of the node. */
  readonly run: string
  readonly #components: OfferJournalComponents
  readonly #goneMax: number
  readonly #listeners = new Set<() => void>()
  /** By revision. */
  #log: JournalEntry[] = []
  #staleCount = 0
  readonly #entries = new Map<string, JournalEntry>()
  /** Those of files that are gone, oldest first. */
  readonly #gone = new Set<JournalEntry>()
  /** Of what went up to this revision, some is forgotten. */
  #forgottenRevision = 0
  #revision = 0

  constructor(components: OfferJournalComponents, { goneMax }: OfferJournalInit = {}) {
    this.#components = components
    this.#goneMax = goneMax ?? LIMITS.goneFilesMax
    this.run = newRunId(components.random)
  }

  /** Of the last change. */
  get revision(): number {
    return this.#revision
  }

  /** Files that are offered now. */
  get count(): number {
    return this.#entries.size - this.#gone.size
  }

  /** Calls back with each change; many may come at once. */
  onChanged(listener: () => void): void {
    this.#listeners.add(listener)
  }

  async start(): Promise<void> {
    const { library } = this.#components
    library.events.on('added', this.#onAdded)
    library.events.on('changed', this.#onAdded)
    library.events.on('removed', this.#onRemoved)
    const found: FileEntry[] = []
    for (let after: FileEntry | undefined; ;) {
      const page = library.list({ order: 'id', ...(after === undefined ? {} : { after }) })
      found.push(...page.filter(({ isComplete }) => isComplete))
      after = page.at(-1)
      if (after === undefined) break
      // oxlint-disable-next-line no-await-in-loop -- others have their turn between two pages
      await turn()
    }
    for (const entry of found.toSorted((left, right) => left.addedAtMs - right.addedAtMs)) {
      // What has changed meanwhile is known already.
      if (!this.#entries.has(entry.id)) this.#onAdded(entry)
    }
  }

  async stop(): Promise<void> {
    const { events } = this.#components.library
    events.off('added', this.#onAdded)
    events.off('changed', this.#onAdded)
    events.off('removed', this.#onRemoved)
  }

  /** The answer to LIST_FILES. */
  page({ limit = LIMITS.pageRowsMax, since }: ListFilesParams): ListFilesResult {
    const known = since !== undefined && this.#isKnown(since) ? since : undefined
    const { revision, ...changes } = this.#changesAfter(known?.revision ?? 0, limit)
    const hasMore = revision < this.#revision
    const began = known === undefined ? this.#revision : (known.began ?? known.revision)
    return {
      ...changes,
      next: { run: this.run, revision, ...(hasMore ? { began } : {}) },
      has_more: hasMore,
      ...(since === known ? {} : { is_restart: true })
    }
  }

  /** What is offered now, the newest first. */
  *newest(): Generator<{ id: string; isShared: boolean }, undefined> {
    for (let index = this.#log.length - 1; index >= 0; index -= 1) {
      const entry = this.#log[index] as JournalEntry
      if (!entry.isStale && !entry.isGone) yield entry
    }
  }

  /** As many as go into one answer, and the revision up to which that is all. */
  #changesAfter(
    after: number,
    limit: number
  ): { files: OfferedFile[]; gone: string[]; revision: number } {
    const files: OfferedFile[] = []
    const gone: string[] = []
    let revision = after
    let bytes = 0
    for (let index = this.#indexAfter(after); index < this.#log.length; index += 1) {
      const entry = this.#log[index] as JournalEntry
      if (entry.isStale) continue
      if (files.length + gone.length >= limit || bytes >= PAGE_BYTES) {
        return { files, gone, revision }
      }
      const file = entry.isGone ? undefined : this.#components.library.get(entry.id)
      if (file?.isComplete === true) files.push(toOffer(file))
      else gone.push(entry.id)
      bytes += ENTRY_BYTES + 3 * (file?.name.length ?? 0)
      revision = entry.revision
    }
    return { files, gone, revision: this.#revision }
  }

  /** Nothing that its reader was told of has gone and been forgotten since. */
  #isKnown({ began = 0, revision, run }: FileCursor): boolean {
    if (run !== this.run || revision > this.#revision) return false
    return Math.max(began, revision) >= this.#forgottenRevision
  }

  readonly #onAdded = ({ id, sharedCount }: FileEntry): void => {
    this.#add({ id, isGone: false, isShared: sharedCount > 0 })
  }

  readonly #onRemoved = (id: string): void => {
    this.#gone.add(this.#add({ id, isGone: true, isShared: false }))
    const [oldest] = this.#gone
    if (oldest === undefined || this.#gone.size <= this.#goneMax) return
    this.#outdate(oldest)
    this.#entries.delete(oldest.id)
    this.#forgottenRevision = oldest.revision
  }

  #add(change: Pick<JournalEntry, 'id' | 'isGone' | 'isShared'>): JournalEntry {
    const before = this.#entries.get(change.id)
    if (before !== undefined) this.#outdate(before)
    this.#revision += 1
    const entry: JournalEntry = { ...change, revision: this.#revision, isStale: false }
    this.#entries.set(change.id, entry)
    this.#log.push(entry)
    for (const listener of this.#listeners) listener()
    return entry
  }

  #outdate(entry: JournalEntry): void {
    entry.isStale = true
    this.#gone.delete(entry)
    this.#staleCount += 1
    if (this.#staleCount < STALE_MIN || this.#staleCount * 2 < this.#log.length) return
    this.#log = this.#log.filter(({ isStale }) => !isStale)
    this.#staleCount = 0
  }

  /** Where in the log what came after a revision begins. */
  #indexAfter(revision: number): number {
    let low = 0
    let high = this.#log.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#log[middle] as JournalEntry).revision > revision) high = middle
      else low = middle + 1
    }
    return low
  }
}

function toOffer({ id, isPinned, keptFor, name, sizeBytes }: FileEntry): OfferedFile {
  const keeps = keptFor.length === 0 ? {} : { kept_for: [...keptFor] }
  return { file_hash: id, name, size: sizeBytes, pinned: isPinned, ...keeps }
}
