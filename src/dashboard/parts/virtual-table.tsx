/**
 * A table of any length: only the rows in sight are drawn. Arrows, Page Up and Down, Home and End move the
 * chosen row, Enter opens it; columns that have no room are left out, the least important first.
 */
import { useEffect, useId, useRef } from 'preact/hooks'
import { Icon } from './icons.tsx'
import { fitColumns, templateOf } from './table-columns.ts'
import { useVirtual } from './use-virtual.ts'
import { useWidth } from './use-width.ts'
import type { Column } from './table-columns.ts'
import type { ComponentChildren, JSX, RefObject } from 'preact'

export interface Sorting {
  key: string
  isDescending: boolean
}

export interface VirtualTableProps<T> {
  /** What the rows are, for those who don't see it. */
  label: string
  columns: readonly Column<T>[]
  /** Keys of columns that somebody does not want to see. */
  hidden?: ReadonlySet<string>
  rows: readonly T[]
  keyOf: (row: T) => string
  onOpen?: (row: T) => void
  /** The key of the chosen row. */
  chosen: string | undefined
  onChoose: (key: string | undefined) => void
  /** Called when the end comes into sight: more may be fetched. */
  onEnd?: () => void
  /** Called with the first row in sight. */
  onRange?: (first: number) => void
  sorting?: Sorting | undefined
  onSort?: (key: string) => void
  /** Instead of rows, where there are none. */
  empty?: ComponentChildren
  foot?: ComponentChildren
  /** @default 36, and 50 for fingers and in narrow tables */
  rowHeight?: number
}

const HEAD_HEIGHT = 32
const ROW_HEIGHT = 36
const TOUCH_ROW_HEIGHT = 50
const NARROW_PX = 480
/** The end is near when so many rows are left. */
const END_ROWS = 40

export function VirtualTable<T>(props: VirtualTableProps<T>): JSX.Element {
  const { chosen, columns, empty, foot, hidden, keyOf, label, rows } = props
  const { onEnd, onOpen, onRange } = props
  const scroll = useRef<HTMLDivElement>(null)
  const id = useId()
  const width = useWidth(scroll)
  const shown = fitColumns(columns, hidden, width)
  const rowHeight = props.rowHeight ?? rowHeightFor(width)
  const virtual = useVirtual({ count: rows.length, rowHeight, scroll, offset: HEAD_HEIGHT })
  const tracks = { '--columns': templateOf(shown) }
  const last = virtual.rows.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - END_ROWS) onEnd?.()
  }, [last, rows.length, onEnd])

  const first = virtual.rows[0]?.index ?? 0
  useEffect(() => onRange?.(first), [first])

  const move = movesOf(props, { scroll, rowHeight, scrollTo: virtual.scrollTo })
  return (
    <div class="grid fills">
      <div
        ref={scroll}
        class="grid-scroll"
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${chosen}`}
        tabIndex={0}
        onKeyDown={move}
      >
        <div class="grid-head" role="row" aria-rowindex={1} style={tracks}>
          {shown.map((column) => (
            <HeadCell key={column.key} column={column} {...props} />
          ))}
        </div>
        <div
          class="grid-rows"
          role="presentation"
          style={{ height: `${virtual.height}px`, ...tracks }}
        >
          {virtual.rows.map(({ index, start }) => {
            const row = rows[index]
            if (row === undefined) return null
            const key = keyOf(row)
            const transform = `translateY(${start - HEAD_HEIGHT}px)`
            const place = { height: `${rowHeight}px`, transform }
            const isChosen = key === chosen
            return (
              <Row
                key={key}
                id={`${id}-${key}`}
                columns={shown}
                {...{ row, index, isChosen, place, onOpen }}
              />
            )
          })}
        </div>
        {rows.length === 0 && empty !== undefined && (
          <div role="row">
            <div role="gridcell">{empty}</div>
          </div>
        )}
      </div>
      {foot !== undefined && <div class="grid-foot">{foot}</div>}
    </div>
  )
}

interface MoveInit {
  scroll: RefObject<HTMLElement>
  rowHeight: number
  scrollTo: (index: number) => void
}

/** What keys do: another row is chosen and comes into sight, or the chosen one is opened. */
function movesOf<T>(
  { chosen, keyOf, onChoose, onOpen, rows }: VirtualTableProps<T>,
  { rowHeight, scroll, scrollTo }: MoveInit
): (event: KeyboardEvent) => void {
  return (event) => {
    const index = rows.findIndex((row) => keyOf(row) === chosen)
    const row = rows[index]
    if (event.key === 'Enter' && row !== undefined && event.target === event.currentTarget) {
      event.preventDefault()
      onOpen?.(row)
      return
    }
    const height = scroll.current?.clientHeight ?? 0
    const next = stepOf(event.key, index, { count: rows.length, height, rowHeight })
    const target = next === undefined ? undefined : rows[next]
    if (next === undefined || target === undefined) return
    event.preventDefault()
    onChoose(keyOf(target))
    scrollTo(next)
  }
}

interface RowProps<T> {
  id: string
  row: T
  index: number
  columns: readonly Column<T>[]
  isChosen: boolean
  place: { height: string; transform: string }
  onOpen: ((row: T) => void) | undefined
}

function Row<T>({ columns, id, index, isChosen, onOpen, place, row }: RowProps<T>): JSX.Element {
  return (
    <div
      id={id}
      class={onOpen === undefined ? 'grid-row' : 'grid-row opens'}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      style={place}
      onClick={(event) => {
        if (!isOnControl(event)) onOpen?.(row)
      }}
    >
      {columns.map((column) => (
        <div
          key={column.key}
          role="gridcell"
          class={`${column.isEnd ? 'end' : ''} ${column.isUncut ? 'uncut' : ''}`}
        >
          {column.cell(row)}
        </div>
      ))}
    </div>
  )
}

type HeadCellProps<T> = Pick<VirtualTableProps<T>, 'onSort' | 'sorting'> & { column: Column<T> }

function HeadCell<T>({ column, onSort, sorting }: HeadCellProps<T>): JSX.Element {
  const { head, isEnd, isSortable, key, title } = column
  const isSorted = sorting?.key === key
  const direction = sorting?.isDescending ? 'descending' : 'ascending'
  return (
    <div
      role="columnheader"
      class={isEnd ? 'end' : ''}
      {...(isSorted && { 'aria-sort': direction })}
    >
      {isSortable && onSort !== undefined ? (
        <button type="button" onClick={() => onSort(key)}>
          {title}
          {isSorted && <Icon name={sorting.isDescending ? 'down' : 'up'} />}
        </button>
      ) : (
        (head ?? title)
      )}
    </div>
  )
}

interface Extent {
  count: number
  height: number
  rowHeight: number
}

/** The row that a key leads to. */
function stepOf(
  key: string,
  index: number,
  { count, height, rowHeight }: Extent
): number | undefined {
  const page = Math.max(1, Math.floor((height - HEAD_HEIGHT) / rowHeight) - 1)
  const clamp = (next: number): number => Math.max(0, Math.min(count - 1, next))
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return clamp(index + 1)
    case 'ArrowUp':
    case 'k':
      return clamp(index - 1)
    case 'PageDown':
      return clamp(index + page)
    case 'PageUp':
      return clamp(index - page)
    case 'Home':
      return clamp(0)
    case 'End':
      return clamp(count - 1)
    default:
      return undefined
  }
}

/** What has a use of its own does not open its row. */
function isOnControl({ currentTarget, target }: MouseEvent): boolean {
  const control = (target as Element).closest('a, button, input, select, label')
  return control !== null && (currentTarget as Element).contains(control)
}

/** Narrow tables may have two lines in a row. */
export function rowHeightFor(widthPx: number): number {
  const isNarrow = widthPx > 0 && widthPx <= NARROW_PX
  return isNarrow || matchMedia('(pointer: coarse)').matches ? TOUCH_ROW_HEIGHT : ROW_HEIGHT
}
