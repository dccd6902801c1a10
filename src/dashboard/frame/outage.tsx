/** Above every page while no news come: what is shown is of before. Behind a monitor other routers may still be there. */
import { Icon } from '../parts/icons.tsx'
import { ITSELF, chooseRouter, farRouter, routers } from '../data/session.ts'
import { connection, overview } from '../data/live.ts'
import { nameOfRouter } from './router-name.ts'
import type { JSX } from 'preact'

export function Outage(): JSX.Element | null {
  if (connection.value !== 'lost') return null
  const far = farRouter.value
  const others = (routers.value ?? []).filter(({ peer_id }) => peer_id !== far?.peer_id)
  const who = far === undefined ? 'The server' : `Router ${nameOfRouter(far)}`
  return (
    <div class="problem outage" data-tone="bad" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{who} does not answer.</strong>
        <span>
          {overview.value !== undefined && 'What is shown is as it was then. '}It is asked again all
          the time.
        </span>
      </div>
      {far !== undefined && (
        <div class="row">
          {others.slice(0, 3).map((router) => (
            <button
              key={router.peer_id}
              type="button"
              class="button small"
              onClick={() => chooseRouter(router.peer_id)}
            >
              Look at {nameOfRouter(router)}
            </button>
          ))}
          <button type="button" class="button small" onClick={() => chooseRouter(ITSELF)}>
            Look at the monitor
          </button>
        </div>
      )}
    </div>
  )
}
