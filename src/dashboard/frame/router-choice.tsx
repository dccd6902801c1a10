/** What is looked at: a choice where there are several, and what the reader may do there. */
import { AccessNote } from './router-access.tsx'
import { ITSELF, chooseRouter, farRouter, isMonitor, router, routers } from '../data/session.ts'
import { nameOfRouter } from './router-name.ts'
import { overview } from '../data/live.ts'
import { shortPeer } from '../data/formats.ts'
import type { JSX } from 'preact'

export function RouterChoice(): JSX.Element {
  const { mesh_id, namespace } = overview.value ?? {}
  const isChoice = isMonitor.value && (routers.value ?? []).length > 0
  return (
    <div class="router-choice">
      {isChoice ? <Choice /> : <Only />}
      <span>
        {namespace}
        {mesh_id === undefined && namespace !== undefined && ' · open mesh'}
      </span>
      {farRouter.value !== undefined && <AccessNote router={farRouter.value} />}
    </div>
  )
}

/** Also one that is looked at and not known any more. */
function Choice(): JSX.Element {
  const known = routers.value ?? []
  const looked = router.value
  const isGone = looked !== undefined && !known.some(({ peer_id }) => peer_id === looked.peer_id)
  return (
    <label class="field">
      <span class="name">Looking at</span>
      <select
        class="input"
        value={looked?.peer_id ?? ITSELF}
        onChange={({ currentTarget }) => chooseRouter(currentTarget.value)}
      >
        <option value={ITSELF}>This monitor</option>
        <optgroup label="Routers">
          {known.map((each) => (
            <option key={each.peer_id} value={each.peer_id}>
              {nameOfRouter(each)}
            </option>
          ))}
          {isGone && <option value={looked.peer_id}>{nameOfRouter(looked)} (gone)</option>}
        </optgroup>
      </select>
    </label>
  )
}

function Only(): JSX.Element {
  const { name, peer_id } = overview.value ?? {}
  const shown = name ?? (peer_id === undefined ? '…' : shortPeer(peer_id))
  return (
    <>
      <span>{isMonitor.value ? 'Monitor' : 'Router'}</span>
      <strong class="cut" title={peer_id}>
        {shown}
      </strong>
    </>
  )
}
