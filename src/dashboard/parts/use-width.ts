/** How wide an element is, in pixels; 0 before it is known. */
import { useLayoutEffect, useState } from 'preact/hooks'
import type { RefObject } from 'preact'

export function useWidth(ref: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return width
}
