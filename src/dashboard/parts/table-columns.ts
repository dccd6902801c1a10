/** Columns of a table, and which of them have room. Pure. */
import type { ComponentChildren } from 'preact'

export interface Column<T> {
  key: string
  title: string
  /** Shown in the head instead of the title. */
  head?: ComponentChildren
  cell: (row: T) => ComponentChildren
  /** What it needs at least. */
  widthPx: number
  /** Its share of what is left; 0 takes no more than it needs. @default 0 */
  grow?: number
  /** 1 is always there; of the others the highest go first where room is short. @default 1 */
  rank?: number
  isEnd?: boolean
  /** Something in it may reach beyond it, such as a menu. */
  isUncut?: boolean
  isSortable?: boolean
}

const GAP_PX = 12
const PADDING_PX = 24

/** In their own order; before the table is measured, all that are wanted. */
export function fitColumns<T>(
  columns: readonly Column<T>[],
  hidden: ReadonlySet<string> | undefined,
  widthPx: number
): readonly Column<T>[] {
  const wanted = columns.filter(({ key, rank = 1 }) => rank === 1 || hidden?.has(key) !== true)
  if (widthPx === 0) return wanted
  const byRank = wanted.toSorted((one, other) => (one.rank ?? 1) - (other.rank ?? 1))
  const kept = new Set<Column<T>>()
  let usedPx = PADDING_PX
  for (const column of byRank) {
    usedPx += column.widthPx + GAP_PX
    if (usedPx > widthPx && (column.rank ?? 1) > 1) break
    kept.add(column)
  }
  return wanted.filter((column) => kept.has(column))
}

/** `grid-template-columns` of them. */
export function templateOf<T>(columns: readonly Column<T>[]): string {
  return columns
    .map(({ grow = 0, widthPx }) =>
      grow === 0 ? `${widthPx}px` : `minmax(${widthPx}px, ${grow}fr)`
    )
    .join(' ')
}
