/** On the overview of a monitor: the routers, which know of jobs, workers and files what it does not. */
import { Card } from '../parts/basics.tsx'
import { Empty } from '../parts/situations.tsx'
import { RouterButtons } from '../frame/router-buttons.tsx'
import { RouterCommand } from '../frame/needs-router.tsx'
import { routers } from '../data/session.ts'
import type { JSX } from 'preact'

export function MonitorRouters(): JSX.Element {
  const isNone = (routers.value ?? []).length === 0
  return (
    <Card title="Routers">
      {isNone ? (
        <Empty icon="mesh" title="No router found yet">
          <p>
            Start one on any machine of the mesh, with an address that this monitor printed when it
            started:
          </p>
          <RouterCommand />
        </Empty>
      ) : (
        <>
          <p class="soft">Jobs, workers and files are shown as one of them knows them.</p>
          <RouterButtons />
        </>
      )}
    </Card>
  )
}
