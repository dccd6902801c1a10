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
  /** Of all rows, or what one of a tail is thought to be before it was measured. */
  rowHeight: number
  scroll: RefObject<HTMLElement>
  /** Where the rows begin in what is scrolled: the height of the head. */
  offset?: number
  /** What grows at its end: who is there stays there, whoever reads above is not moved. */
  tail?: {
    /** Stays with a row while others before it are dropped. */
    keyOf: (index: number) => number
    /** So near to the end counts as there. */
    endPx: number
  }
}

export interface Virtual {
  rows: readonly VirtualItem[]
  height: number
  scrollTo: (index: number, align?: 'auto' | 'center') => void
  scrollToEnd: () => void
  /** For the element of each row whose height is its own, with its index as `data-index`. */
  measure: (element: Element | null) => void
  /** All heights are other ones. */
  remeasure: () => void
}

/** Drawn beyond what is in sight, so that a quick scroll finds something. */
const OVERSCAN = 12

export function useVirtual(init: VirtualInit): Virtual {
  const { count, offset = 0, rowHeight, scroll, tail } = init
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
    onChange: () => redraw(undefined),
    ...(tail && {
      anchorTo: 'end' as const,
      followOnAppend: true,
      getItemKey: tail.keyOf,
      scrollEndThreshold: tail.endPx
    })
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, Element>(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [])
  useLayoutEffect(() => virtualizer._willUpdate())
  useLayoutEffect(() => virtualizer.measure(), [rowHeight])
  return {
    rows: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    scrollTo: (index, align = 'auto') => virtualizer.scrollToIndex(index, { align }),
    scrollToEnd: () => virtualizer.scrollToEnd(),
    measure: virtualizer.measureElement,
    remeasure: () => virtualizer.measure()
  }
}
