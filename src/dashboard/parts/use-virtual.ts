/** Which rows of a long list are in sight: @tanstack/virtual-core, as a hook. */
import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect
} from '@tanstack/virtual-core'
import { useLayoutEffect, useReducer, useState } from 'preact/hooks'
import type { RefObject } from 'preact'
import type { VirtualItem } from '@tanstack/virtual-core'

export interface VirtualInit {
  count: number
  rowHeight: number
  scroll: RefObject<HTMLElement>
  /** Where the rows begin in what is scrolled: the height of the head. */
  offset?: number
}

export interface Virtual {
  rows: readonly VirtualItem[]
  height: number
  scrollTo: (index: number) => void
}

/** Drawn beyond what is in sight, so that a quick scroll finds something. */
const OVERSCAN = 12

export function useVirtual({ count, offset = 0, rowHeight, scroll }: VirtualInit): Virtual {
  const [, redraw] = useReducer((version: number) => version + 1, 0)
  const options = {
    count,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: offset,
    scrollPaddingStart: offset,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined)
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, Element>(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [])
  useLayoutEffect(() => virtualizer._willUpdate())
  useLayoutEffect(() => virtualizer.measure(), [rowHeight])
  return {
    rows: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' })
  }
}
