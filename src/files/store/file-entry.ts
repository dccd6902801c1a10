/** What the index tells of a file, and how that stands in its tables. Pure. */

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
  /** It stays until then, in Unix milliseconds, as `keptFor` wants it: the one of all who do that wants it longest. */
  keptUntilMs: number | undefined
  keptFor: string | undefined
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
  (SELECT max(until) FROM keeps WHERE file = files.id) AS kept_until,
  (SELECT kept_for FROM keeps WHERE file = files.id ORDER BY until DESC LIMIT 1) AS kept_for FROM files`

export function toEntry(row: Row, nowMs: number): FileEntry {
  const own = row['own'] as OwnCopy
  const keptUntilMs = Number(row['kept_until'] ?? 0)
  const isKept = keptUntilMs > nowMs
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
    keptUntilMs: isKept ? keptUntilMs : undefined,
    keptFor: isKept ? String(row['kept_for']) : undefined,
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
