/** A page that comes in a file of its own, when it is first looked at. */
import { useEffect, useState } from 'preact/hooks'
import { Failure, Skeleton } from '../parts/situations.tsx'
import type { ComponentType, JSX } from 'preact'

interface LazyState {
  page?: ComponentType
  cause?: unknown
}

/** `lazy(async () => (await import('../jobs/jobs-page.tsx')).JobsPage)` */
export function lazy(load: () => Promise<ComponentType>): ComponentType {
  // A page that came once is there at once from then on.
  let known: ComponentType | undefined
  return function LazyPage(): JSX.Element {
    const [{ cause, page: Page }, setState] = useState<LazyState>(known ? { page: known } : {})
    useEffect(() => {
      if (known !== undefined) return
      const fetchPage = async (): Promise<void> => {
        try {
          known = await load()
          setState({ page: known })
        } catch (failure) {
          setState({ cause: failure })
        }
      }
      void fetchPage()
    }, [])
    if (Page !== undefined) return <Page />
    // The server may have another version by now, with files of other names.
    if (cause !== undefined) return <Failure cause={cause} retry={() => location.reload()} />
    return <Skeleton />
  }
}
