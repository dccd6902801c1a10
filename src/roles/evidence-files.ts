/**
 * The files of the evidence: segments of lines, numbered, each with all that was counted before it in its first
 * line and one outcome in every other. Any of them alone gives the scores from its time on.
 */
import { lstat, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { validatorFor } from '../model/validate.ts'
import type { EvidenceCheckpoint } from '../model/generated/evidence-checkpoint.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'

export interface SegmentFile {
  number: number
  path: string
  bytes: number
}

/** One segment, read. */
export interface Segment {
  number: number
  checkpoint: EvidenceCheckpoint
  /** Lines of entries, unread; the first is line 1 of the file. */
  lines: string[]
  /** Bytes of whole lines. */
  bytes: number
  /** Bytes after them, of a line that was not written to its end. */
  tornBytes: number
}

const NAME = /^(\d{8,15})\.jsonl$/
/** Entries in one segment, whatever the room for all; with its checkpoint it can be read at once. */
export const SEGMENT_BYTES_MAX = 32 * 1_048_576
/** What is far larger than a segment was never one, and would not fit in memory. */
const READ_BYTES_MAX = 256 * 1_048_576
/** Of a segment that was not complete. */
const UNFINISHED = '.new'

const checkEntry = validatorFor<EvidenceEntry>('evidence-entry', 'entry')

/**
 * By number, oldest first. Makes the folder and removes what was left unfinished.
 * @throws MeshError STORE_FAILED where something else has the place of a segment
 */
export async function listSegments(folder: string): Promise<SegmentFile[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const names = await readdir(folder)
  const segments: SegmentFile[] = []
  for (const name of names) {
    const path = join(folder, name)
    const number = NAME.exec(name)?.[1]
    // oxlint-disable-next-line no-await-in-loop -- a handful of files
    if (number !== undefined)
      segments.push({ number: Number(number), path, bytes: await sizeOf(path) })
    // oxlint-disable-next-line no-await-in-loop
    else if (name.endsWith(UNFINISHED)) await rm(path, { force: true, recursive: true })
  }
  return segments.toSorted((left, right) => left.number - right.number)
}

/** Writes a new one with its checkpoint. It is there whole or not at all. */
export async function createSegment(
  folder: string,
  number: number,
  checkpoint: EvidenceCheckpoint
): Promise<SegmentFile> {
  const path = join(folder, `${String(number).padStart(8, '0')}.jsonl`)
  const line = Buffer.from(`${JSON.stringify(checkpoint)}\n`)
  const file = await open(`${path}${UNFINISHED}`, 'w', 0o600)
  try {
    await file.writeFile(line)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}${UNFINISHED}`, path)
  return { number, path, bytes: line.byteLength }
}

/**
 * Undefined when it has gone meanwhile to make room.
 * @throws MeshError STORE_FAILED where it does not begin with a checkpoint
 */
export async function readSegment({ number, path }: SegmentFile): Promise<Segment | undefined> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw cause
  })
  if (text === undefined) return undefined
  const end = text.lastIndexOf('\n') + 1
  const [first = '', ...lines] = text.slice(0, end).split('\n').slice(0, -1)
  const tornBytes = Buffer.byteLength(text.slice(end))
  const bytes = Buffer.byteLength(text) - tornBytes
  const checkpoint = parse(first, { path, line: 1 }) as EvidenceCheckpoint
  return { number, checkpoint, lines, bytes, tornBytes }
}

/** @throws MeshError STORE_FAILED that names the file and the line */
export function readEntry(text: string, place: { path: string; line: number }): EvidenceEntry {
  const value = parse(text, place)
  try {
    return checkEntry(value)
  } catch (cause) {
    throw damaged(place, messageOf(cause))
  }
}

function parse(text: string, place: { path: string; line: number }): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw damaged(place, messageOf(cause))
  }
}

function damaged({ line, path }: { path: string; line: number }, what: string): MeshError {
  return new MeshError(
    'STORE_FAILED',
    `the stored reputation is damaged in line ${line}: ${what}`,
    {
      path,
      hint: 'restore the file from a backup, or move its folder away to start with no reputation',
      retryable: false
    }
  )
}

/** Nobody but this router has put segments there: a link may lead anywhere, also to what has no end. */
async function sizeOf(path: string): Promise<number> {
  const found = await lstat(path)
  if (!found.isFile()) throw damaged({ path, line: 1 }, 'this is no file')
  if (found.size <= READ_BYTES_MAX) return found.size
  throw damaged({ path, line: 1 }, `${found.size} bytes are more than any router writes`)
}
