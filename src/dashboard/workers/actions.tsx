/** What somebody who operates the mesh may do with a worker. */
import { ask, attempt } from '../parts/dialogs.tsx'
import { may } from '../data/live.ts'
import { nameOf } from './worker-names.ts'
import { post } from '../data/api.ts'
import type { AvailabilityRequest } from '../../model/generated/api-availability.ts'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'

/** How long what runs there may go on. */
const DEADLINES = [
  ['5m', '5 minutes'],
  ['30m', '30 minutes'],
  ['2h', '2 hours'],
  ['1d', '1 day'],
  ['', 'as long as it takes']
] as const

const REASON = { name: 'Reason, for others to read', placeholder: 'such as: kernel update' }

export function WorkerActions({ node }: { node: NodeView }): JSX.Element | null {
  if (!may('operate')) return null
  const isOpen = node.state === 'ready' || node.state === 'connecting'
  return (
    <>
      {isOpen ? (
        <button type="button" class="button" onClick={() => void cordon(node)}>
          Cordon…
        </button>
      ) : (
        <button type="button" class="button" onClick={() => void reopen(node)}>
          Open again
        </button>
      )}
      {node.state !== 'draining' && (
        <button type="button" class="button danger" onClick={() => void drain(node)}>
          Drain…
        </button>
      )}
    </>
  )
}

async function cordon(node: NodeView): Promise<void> {
  const answer = await ask({
    title: `Cordon ${nameOf(node.peer_id)}?`,
    body: 'It takes nothing new. What runs there goes on.',
    action: 'Cordon',
    text: REASON
  })
  if (answer === undefined) return
  await set(node, { availability: 'cordoned', ...reasonOf(answer.text) }, 'cordoned')
}

async function drain(node: NodeView): Promise<void> {
  const answer = await ask({
    title: `Drain ${nameOf(node.peer_id)}?`,
    body: `It takes nothing new, and what still runs there at the deadline begins anew elsewhere. ${node.running} running, ${node.queued} waiting there now.`,
    action: 'Drain',
    isDangerous: true,
    choice: { name: 'What runs may go on for', options: DEADLINES },
    text: REASON
  })
  if (answer === undefined) return
  const { choice, text } = answer
  const deadline = choice === '' ? {} : { deadline: choice }
  await set(node, { availability: 'draining', ...deadline, ...reasonOf(text) }, 'draining')
}

async function reopen(node: NodeView): Promise<void> {
  await set(node, { availability: 'open' }, 'open again')
}

function reasonOf(reason: string): { reason?: string } {
  return reason === '' ? {} : { reason }
}

/** The table and the page hear of it by the live stream. */
async function set(node: NodeView, request: AvailabilityRequest, outcome: string): Promise<void> {
  await attempt(
    () => post(`/nodes/${node.peer_id}/availability`, request),
    `${nameOf(node.peer_id)} is ${outcome}`
  )
}
