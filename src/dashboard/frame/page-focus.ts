/** What changes with the page besides what is seen: the title of the tab, and where the focus is. */
import { useEffect, useRef } from 'preact/hooks'
import type { RefObject } from 'preact'

let isFirstPage = true

/** For the heading of a page: it is focused when the page was come to from another one. */
export function usePageTitle(title: string): RefObject<HTMLHeadingElement> {
  const ref = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · taskmesh`
  }, [title])
  useEffect(() => {
    // Of the first page the browser itself says that it was loaded.
    if (!isFirstPage) {
      ref.current?.focus({ preventScroll: true })
      scrollTo(0, 0)
    }
    isFirstPage = false
  }, [])
  return ref
}
