/** Reads evidence that was written down: pages of it, what was counted until a moment, and which results are suspect. */
import { readEntry, readSegment } from './evidence-files.ts'
import { MeshError } from '../core/errors.ts'
import { ReputationLedger } from '../reputation/ledger.ts'
import { attemptOf, replay } from '../reputation/evidence.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { EvidenceCheckpoint } from '../model/generated/evidence-checkpoint.ts'
import type { Segment, SegmentFile } from './evidence-files.ts'

export interface EvidencePage {
  /** Newest first. */
  entries: EvidenceEntry[]
  /** Where the next page begins; undefined at the end. */
  next: string | undefined
}

export interface EvidenceSource {
  /** Oldest first. */
  segments: () => readonly SegmentFile[]
  /** Resolves once all that was counted is there. */
  flush: () => Promise<void>
}

/** A cursor: the number of a segment, and a line of it. */
const CURSOR = /^(\d{1,8})-(\d{1,9})$/

/** A wrong result makes those suspect that came so long before it. */
const SUSPECT_MS = 24 * 3_600_000

export class EvidenceReader {
  readonly #source: EvidenceSource

  constructor(source: EvidenceSource) {
    this.#source = source
  }

  /** A worker's entries, newest first. @throws MeshError FIELD_INVALID for a wrong cursor */
  async page(
    worker: string,
    { after, limit }: { after?: string | undefined; limit: number }
  ): Promise<EvidencePage> {
    const from = after === undefined ? undefined : readCursor(after)
    const entries: EvidenceEntry[] = []
    for await (const { entry, line, segment } of this.#backwards(worker, from)) {
      if (entries.length === limit) return { entries, next: `${segment}-${line}` }
      entries.push(entry)
    }
    return { entries, next: undefined }
  }

  /**
   * The results of a worker that nobody verified, from the day before its last wrong one: newest first.
   * @param lastWrongMs 0: there is none
   */
  async suspects(worker: string, lastWrongMs: number): Promise<EvidenceEntry[]> {
    if (lastWrongMs === 0) return []
    const verified = new Set<string>()
    const results: EvidenceEntry[] = []
    for await (const { entry } of this.#backwards(worker)) {
      if (entry.at_ms < lastWrongMs - SUSPECT_MS) break
      const key = attemptKey(entry)
      if (key === undefined) continue
      if (entry.kind === 'right' || entry.kind === 'wrong') verified.add(key)
      else if (entry.kind === 'completed' && entry.at_ms <= lastWrongMs) results.push(entry)
    }
    return results.filter((entry) => !verified.has(attemptKey(entry) as string))
  }

  /** The ledger as it was. @throws MeshError FIELD_INVALID where the evidence does not go back so far */
  async ledgerAt(atMs: number): Promise<ReputationLedger> {
    await this.#source.flush()
    let oldestMs = Infinity
    for (const file of this.#source.segments().toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- the first one that is old enough is the one
      const segment = await readSegment(file)
      if (segment === undefined) break
      const { checkpoint } = segment
      oldestMs = checkpoint.at_ms
      if (oldestMs > atMs) continue
      const ledger = ReputationLedger.fromDocument(checkpoint)
      for (const { entry } of entriesOf(segment, file.path)) {
        if (entry.at_ms <= atMs) replay(ledger, entry)
      }
      return ledger
    }
    throw tooOld(atMs, oldestMs)
  }

  /** Everything from the oldest checkpoint on, in order. @param worker of this one alone */
  async *all(
    worker: string | undefined
  ): AsyncGenerator<{ checkpoint: EvidenceCheckpoint } | { line: string }, void> {
    await this.#source.flush()
    let isFirst = true
    for (const file of this.#source.segments()) {
      // oxlint-disable-next-line no-await-in-loop -- one segment in memory at a time
      const segment = await readSegment(file)
      // Only the oldest go, and then what follows begins with a checkpoint as well.
      if (segment === undefined) continue
      if (isFirst) yield { checkpoint: only(segment.checkpoint, worker) }
      isFirst = false
      for (const line of segment.lines) {
        if (worker === undefined || isAbout(line, worker)) yield { line }
      }
    }
  }

  /** @param from the first line that is wanted */
  async *#backwards(
    worker: string,
    from?: { segment: number; line: number }
  ): AsyncGenerator<{ segment: number; line: number; entry: EvidenceEntry }, void> {
    await this.#source.flush()
    for (const file of this.#source.segments().toReversed()) {
      if (from !== undefined && file.number > from.segment) continue
      // oxlint-disable-next-line no-await-in-loop -- one segment in memory at a time
      const segment = await readSegment(file)
      if (segment === undefined) return
      const last = from?.segment === file.number ? from.line : Infinity
      for (const { entry, line } of entriesOf(segment, file.path, worker).toReversed()) {
        if (line <= last) yield { segment: file.number, line, entry }
      }
    }
  }
}

function entriesOf(
  { lines }: Segment,
  path: string,
  worker?: string
): { line: number; entry: EvidenceEntry }[] {
  return lines.flatMap((text, index) => {
    if (worker !== undefined && !isAbout(text, worker)) return []
    const line = index + 2
    return [{ line, entry: readEntry(text, { path, line }) }]
  })
}

/** Without reading all of it. */
function isAbout(line: string, worker: string): boolean {
  return line.includes(`"worker":${JSON.stringify(worker)}`)
}

function only(checkpoint: EvidenceCheckpoint, worker: string | undefined): EvidenceCheckpoint {
  if (worker === undefined) return checkpoint
  const workers = checkpoint.workers.filter(({ peer_id }) => peer_id === worker)
  return { ...checkpoint, workers }
}

function attemptKey(entry: EvidenceEntry): string | undefined {
  const attempt = attemptOf(entry)
  if (attempt === undefined) return undefined
  return `${attempt.jobId}/${attempt.itemIndex}/${attempt.attempt}`
}

/** @throws MeshError FIELD_INVALID */
function readCursor(text: string): { segment: number; line: number } {
  const [, segment, line] = CURSOR.exec(text) ?? []
  if (segment !== undefined && line !== undefined) {
    return { segment: Number(segment), line: Number(line) }
  }
  throw new MeshError('FIELD_INVALID', '"after" is no place in the evidence', {
    path: 'after',
    hint: 'give the `next` of the page before'
  })
}

function tooOld(atMs: number, oldestMs: number): MeshError {
  const since = Number.isFinite(oldestMs) ? new Date(oldestMs).toISOString() : 'now'
  return new MeshError(
    'FIELD_INVALID',
    `the evidence does not go back to ${new Date(atMs).toISOString()}`,
    { path: 'as_of', hint: `it begins at ${since}; \`evidence_disk\` says how much is kept` }
  )
}
