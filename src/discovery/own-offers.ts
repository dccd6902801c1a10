/** What discovery must know of this node's own files. */
import type { ListFilesParams, ListFilesResult } from '../model/generated/commands-list-files.ts'

/** A port: the files' journal stands behind it, and a role joins them. */
export interface OwnOffers {
  /** Names this life of the node. */
  readonly run: string
  /** Of the last change. */
  readonly revision: number
  /** Files that are offered now. */
  readonly count: number
  /** The answer to LIST_FILES. */
  page: (params: ListFilesParams) => ListFilesResult
  /** What is offered now, the newest first. */
  newest: () => Iterable<{ id: string; isShared: boolean }>
  /** Calls back with each change; many may come at once. */
  onChanged: (listener: () => void) => void
}
