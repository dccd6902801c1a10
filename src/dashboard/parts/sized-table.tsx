/** The long table, as high as its rows ask for, up to a part of the window: for pages that have more than one thing. */
import { useRef } from 'preact/hooks'
import { VirtualTable, rowHeightFor } from './virtual-table.tsx'
import { useWidth } from './use-width.ts'
import type { JSX } from 'preact'
import type { VirtualTableProps } from './virtual-table.tsx'

/** Head, foot and borders. */
const FRAME_PX = 66

export function SizedTable<T>(props: VirtualTableProps<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const rowPx = rowHeightFor(useWidth(box))
  const wantedPx = FRAME_PX + Math.max(3, props.rows.length) * rowPx
  return (
    <div ref={box} class="sized" style={{ height: `min(${wantedPx}px, 64dvh)` }}>
      <VirtualTable {...props} rowHeight={rowPx} />
    </div>
  )
}
