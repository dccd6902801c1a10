/**
 * Writes evidence down: what is counted waits in memory for a second, then its lines go to the newest segment; a
 * wrong result goes at once, and to the disk itself. A full segment is followed by one that begins with all
 * that was counted until then, so that the oldest can go when the room is used up: what was counted in it stays.
 */
import { open, rm, truncate } from 'node:fs/promises'
import {
  SEGMENT_BYTES_MAX,
  createSegment,
  listSegments,
  readEntry,
  readSegment
} from './evidence-files.ts'
import { entryOf } from '../reputation/evidence.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { EvidenceCheckpoint } from '../model/generated/evidence-checkpoint.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Logger } from '../observe/logger.ts'
import type { SegmentFile } from './evidence-files.ts'

export interface EvidenceLogComponents {
  logger: Logger
  /** All that is counted now. */
  checkpoint: () => EvidenceCheckpoint
}

export interface EvidenceLogInit {
  folder: string
  bytesMax: number
}

/** What was found at the start. */
export interface Recovered {
  checkpoint: EvidenceCheckpoint
  entries: EvidenceEntry[]
  /** Counted in the checkpoint already. */
  earlier: EvidenceEntry[]
}

/** So many segments of entries fill the room, checkpoints aside, and more where it is large: the oldest goes at a time. */
const SEGMENTS = 8
/** While the disk refuses, so much waits in memory; beyond it, the lines go and a checkpoint stands for them. */
const WAITING_BYTES_MAX = 8 * 1_048_576

export class EvidenceLog {
  readonly #components: EvidenceLogComponents
  readonly #init: EvidenceLogInit
  #segments: SegmentFile[] = []
  #file: FileHandle | undefined
  /** Bytes of the newest segment before its entries. */
  #headBytes = 0
  #lines: string[] = []
  #waitingBytes = 0
  /** Lines were given up, and only a checkpoint can stand for them. */
  #hasGap = false
  #writing: Promise<void> = Promise.resolve()

  constructor(components: EvidenceLogComponents, init: EvidenceLogInit) {
    this.#components = components
    this.#init = init
  }

  /** Segments that are there, oldest first. */
  get segments(): readonly SegmentFile[] {
    return this.#segments
  }

  /**
   * Reads what is there; where nothing is, begins with what is counted now, which then is nothing or an old note.
   * @throws MeshError STORE_FAILED where it is damaged
   */
  async recover(): Promise<Recovered | undefined> {
    this.#segments = await listSegments(this.#init.folder)
    const newest = this.#segments.at(-1)
    if (newest === undefined) return undefined
    const before = this.#segments.at(-2)
    const segment = await readSegment(newest)
    if (segment === undefined) return undefined
    if (segment.tornBytes > 0) {
      this.#components.logger.warn(
        { file: newest.path, bytes: segment.tornBytes },
        'the last line of evidence was not complete and is dropped'
      )
      await truncate(newest.path, segment.bytes)
    }
    newest.bytes = segment.bytes
    this.#headBytes = segment.bytes - bytesOf(segment.lines) - segment.lines.length
    return {
      checkpoint: segment.checkpoint,
      entries: entriesOf(segment.lines, newest.path),
      earlier: before === undefined ? [] : await readAll(before)
    }
  }

  /** Opens it for writing, after `recover`. */
  async open(): Promise<void> {
    const newest = this.#segments.at(-1)
    if (newest === undefined) await this.#begin(this.#components.checkpoint())
    else this.#file = await open(newest.path, 'r+')
  }

  append(outcome: AttemptOutcome, atMs: number): void {
    const line = `${JSON.stringify(entryOf(outcome, atMs))}\n`
    this.#lines.push(line)
    this.#waitingBytes += line.length
    if (this.#waitingBytes <= WAITING_BYTES_MAX) return
    this.#hasGap = true
    this.#drop()
  }

  /** Writes what waits. @param isUrgent onto the disk itself. Never rejects: what could not be written is tried again. */
  flush(isUrgent = false): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.#write(isUrgent))
      .catch((cause: unknown) => {
        this.#components.logger.error({ err: cause }, 'evidence could not be stored')
      })
    return this.#writing
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return
    await this.flush(true)
    await this.#file.close()
    this.#file = undefined
  }

  async #write(isUrgent: boolean): Promise<void> {
    const newest = this.#segments.at(-1)
    if (this.#file === undefined || newest === undefined) return
    const lines = this.#lines
    const bytes = Buffer.from(lines.join(''))
    // Taken in the same moment as the lines: it holds them, and nothing that is still to come.
    const isFull = newest.bytes + bytes.byteLength - this.#headBytes > this.#segmentBytesMax
    const checkpoint = isFull || this.#hasGap ? this.#components.checkpoint() : undefined
    const hadGap = this.#hasGap
    this.#drop()
    if (!hadGap) await this.#append(newest, bytes, isUrgent).catch(this.#takeBack(lines))
    if (checkpoint === undefined) return
    await this.#begin(checkpoint)
    this.#hasGap = false
  }

  async #append(newest: SegmentFile, bytes: Buffer, isUrgent: boolean): Promise<void> {
    const file = this.#file as FileHandle
    // What an earlier try may have left there is written over.
    let written = 0
    while (written < bytes.byteLength) {
      const left = bytes.subarray(written)
      // oxlint-disable-next-line no-await-in-loop -- a disk that is nearly full takes less than it is given
      written += (await file.write(left, 0, left.byteLength, newest.bytes + written)).bytesWritten
    }
    if (isUrgent) await file.datasync()
    newest.bytes += bytes.byteLength
  }

  /** The next segment, from here on. */
  async #begin(checkpoint: EvidenceCheckpoint): Promise<void> {
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    const segment = await createSegment(this.#init.folder, number, checkpoint)
    const file = await open(segment.path, 'r+')
    await this.#file?.close()
    this.#file = file
    this.#segments.push(segment)
    this.#headBytes = segment.bytes
    await this.#makeRoom()
  }

  async #makeRoom(): Promise<void> {
    const bytesMax = this.#init.bytesMax - this.#segmentBytesMax
    while (this.#segments.length > 1 && sumOf(this.#segments) > bytesMax) {
      const oldest = this.#segments.shift() as SegmentFile
      // oxlint-disable-next-line no-await-in-loop -- one after the other, until there is room
      await rm(oldest.path, { force: true })
    }
  }

  #drop(): void {
    this.#lines = []
    this.#waitingBytes = 0
  }

  /** Lines that did not reach the disk wait on, before those that came meanwhile. */
  #takeBack(lines: readonly string[]): (cause: unknown) => never {
    return (cause) => {
      this.#lines = [...lines, ...this.#lines]
      this.#waitingBytes = bytesOf(this.#lines)
      throw cause
    }
  }

  get #segmentBytesMax(): number {
    return Math.min(SEGMENT_BYTES_MAX, this.#init.bytesMax / SEGMENTS)
  }
}

async function readAll(file: SegmentFile): Promise<EvidenceEntry[]> {
  const segment = await readSegment(file)
  return segment === undefined ? [] : entriesOf(segment.lines, file.path)
}

function entriesOf(lines: readonly string[], path: string): EvidenceEntry[] {
  return lines.map((line, index) => readEntry(line, { path, line: index + 2 }))
}

function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0)
}

function sumOf(segments: readonly SegmentFile[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0)
}
