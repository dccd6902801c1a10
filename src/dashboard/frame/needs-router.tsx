/** Pages of what routers have, on a monitor that is looked at itself: why there is nothing, and where there is. */
import { Empty } from '../parts/situations.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { RouterButtons } from './router-buttons.tsx'
import { isMonitor, router, routers } from '../data/session.ts'
import { overview } from '../data/live.ts'
import type { ComponentType, JSX } from 'preact'
import type { IconName } from '../parts/icons.tsx'

interface Place {
  title: string
  icon: IconName
}

/** The page, where a router is looked at. */
export function needsRouter(Page: ComponentType, place: Place): ComponentType {
  return function PageOfRouter(): JSX.Element {
    return isMonitor.value && router.value === undefined ? <Nothing {...place} /> : <Page />
  }
}

function Nothing({ icon, title }: Place): JSX.Element {
  const hasRouters = (routers.value ?? []).length > 0
  return (
    <>
      <PageHeader title={title} />
      {hasRouters ? (
        <Empty icon={icon} title="A monitor has none of its own">
          <p>{title} are shown as a router knows them. Choose the one to look at:</p>
          <RouterButtons />
        </Empty>
      ) : (
        <Empty icon={icon} title="No router yet">
          <NoRouter what={title} />
        </Empty>
      )}
    </>
  )
}

function NoRouter({ what }: { what: string }): JSX.Element {
  return (
    <>
      <p>
        {what} are shown as a router knows them, and this monitor has found none. Start one on any
        machine of the mesh, with an address that the monitor printed when it started:
      </p>
      <RouterCommand />
      <p>It shows up here by itself, within some seconds.</p>
    </>
  )
}

export function RouterCommand(): JSX.Element {
  const namespace = overview.value?.namespace ?? 'NAMESPACE'
  return <pre class="mono">taskmesh router --bootstrap ADDRESS --namespace {namespace}</pre>
}
