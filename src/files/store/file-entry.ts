/** What the index tells of a file, and how that stands in its tables. Pure. */
import { LIMITS } from '../../core/limits.ts'

/** What the store itself holds of a file: nothing, some pieces, or all of it. */
export type OwnCopy = 'none' | 'part' | 'blob'

/** A file that this node has, or has some of. */
export interface FileEntry {
  id: string
  /** Safe to be a file's name anywhere; of the first copy that came. */
  name: string
  sizeBytes: number
  pieceBytes: number
  /** All of it is here. */
  isComplete: boolean
  own: OwnCopy
  /** Paths of the owner's with the same bytes. */
  sharedCount: number
  isPinned: boolean
  /** It stays until then, in Unix milliseconds, as the first of `keptFor` wants it. */
  keptUntilMs: number | undefined
  /** Who wants it to stay: those who want it longest come first, and the last of many are left out. */
  keptFor: readonly string[]
  addedAtMs: number
  /** When somebody last read it. */
  usedAtMs: number
}

/** A page of a list. */
export interface FilePage {
  /** @default 'name' */
  order?: 'name' | 'id'
  /** The last entry of the page before. By id, its id is enough. */
  after?: { id: string; name?: string }
  /** @default LIMITS.pageRowsMax, and never more */
  limit?: number
}

/** Who wants a file to stay, such as a job, and until when. */
export interface Keep {
  keptFor: string
  /** Unix milliseconds. */
  untilMs: number
}

/** A path of the owner's with a file's bytes, as long as it has that stamp. */
export interface SharedPath {
  path: string
  id: string
  /** The shared folder in which it lies; none for a file that was added by itself. */
  folder: string | undefined
  stamp: string
}

/** A row of a table. */
export type Row = Record<string, unknown>

/** All that makes an entry, without a condition. */
export const ENTRY = `SELECT id, name, size, piece_bytes, own, is_pinned, added_at, used_at,
  (SELECT count(*) FROM shared WHERE file = files.id) AS shared_count,
  (SELECT json_group_array(json_array(kept_for, until)) FROM (SELECT kept_for, until FROM keeps
    WHERE file = files.id ORDER BY until DESC, kept_for LIMIT ${LIMITS.keepsShownMax})) AS keeps FROM files`

export function toEntry(row: Row, nowMs: number): FileEntry {
  const own = row['own'] as OwnCopy
  const keeps = (JSON.parse(String(row['keeps'])) as [string, number][]).filter(
    ([, untilMs]) => untilMs > nowMs
  )
  const sharedCount = Number(row['shared_count'])
  return {
    id: String(row['id']),
    name: String(row['name']),
    sizeBytes: Number(row['size']),
    pieceBytes: Number(row['piece_bytes']),
    isComplete: own === 'blob' || sharedCount > 0,
    own,
    sharedCount,
    isPinned: row['is_pinned'] === 1,
    keptUntilMs: keeps[0]?.[1],
    keptFor: keeps.map(([keptFor]) => keptFor),
    addedAtMs: Number(row['added_at']),
    usedAtMs: Number(row['used_at'])
  }
}

export function toSharedPath(row: Row): SharedPath {
  return {
    path: String(row['path']),
    id: String(row['file']),
    folder: (row['folder'] ?? undefined) as string | undefined,
    stamp: String(row['stamp'])
  }
}
