/** The routers that a monitor knows, each to be looked at by a press. */
import { Icon } from '../parts/icons.tsx'
import { chooseRouter, routers } from '../data/session.ts'
import { nameOfRouter } from './router-name.ts'
import type { JSX } from 'preact'

export function RouterButtons(): JSX.Element {
  return (
    <div class="row">
      {(routers.value ?? []).map((router) => (
        <button
          key={router.peer_id}
          type="button"
          class="button"
          title={router.peer_id}
          onClick={() => chooseRouter(router.peer_id)}
        >
          <Icon name="mesh" /> {nameOfRouter(router)}
        </button>
      ))}
    </div>
  )
}
