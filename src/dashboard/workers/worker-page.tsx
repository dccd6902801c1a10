/** One worker: what it has and does, how it is reached, what was seen of it, and why it is passed over. */
import { useRef } from 'preact/hooks'
import { useParams } from 'wouter-preact'
import { ActAsButton } from '../frame/router-access.tsx'
import { Engines, Machine, WorkNow } from './capabilities.tsx'
import { CommandsButton, curlOf } from '../parts/commands.tsx'
import { EvidenceTab } from './evidence-tab.tsx'
import { Failure, Skeleton } from '../parts/situations.tsx'
import { IdleTab } from './idle-tab.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { ReputationTab } from './reputation-tab.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { Way } from './way.tsx'
import { WorkerActions } from './actions.tsx'
import { WorkerState } from './cells.tsx'
import { get } from '../data/api.ts'
import { nameOf } from './worker-names.ts'
import { nodes } from '../data/live.ts'
import { nowMs } from '../data/now.ts'
import { useLoad } from '../data/use-load.ts'
import type { Command } from '../parts/commands.tsx'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'

const BACK = { href: '/workers', text: 'Workers' }

const TABS = [
  ['machine', 'Machine'],
  ['reputation', 'Reputation'],
  ['tasks', 'Tasks'],
  ['idle', 'Passed over']
] as const

export function WorkerPage(): JSX.Element {
  const { peer = '', tab = 'machine' } = useParams()
  // An address may name it by the end of its id, and after a restart of the router the stream may not know it yet.
  const { cause, reload, value } = useLoad(`node ${peer}`, (signal) =>
    get<NodeView>(`/nodes/${encodeURIComponent(peer)}`, { signal })
  )
  const node = nodes.value.get(value?.peer_id ?? peer) ?? value
  if (node === undefined) {
    return (
      <>
        <PageHeader title="Worker" back={BACK} />
        {cause === undefined ? <Skeleton /> : <Failure cause={cause} retry={reload} />}
      </>
    )
  }
  return (
    <>
      <PageHeader
        title={nameOf(node.peer_id)}
        back={BACK}
        note={<WorkerState node={node} isQuarantined={false} />}
      >
        <WorkerActions node={node} />
        <CommandsButton commands={commandsOf(node)} />
        <ActAsButton needs="operate" />
      </PageHeader>
      <Tabs
        label="Worker"
        current={tab}
        tabs={TABS.map(([key, title]) => ({
          key,
          title,
          href: `/workers/${node.peer_id}${key === 'machine' ? '' : `/${key}`}`
        }))}
      >
        <TabContent tab={tab} node={node} />
      </Tabs>
    </>
  )
}

function commandsOf({ peer_id: peer }: NodeView): readonly Command[] {
  return [
    { does: 'What it offers, how it does', text: `taskmesh node describe ${peer}` },
    { does: 'Why tasks went elsewhere', text: `taskmesh node idle-reasons ${peer}` },
    { does: 'What was seen of it', text: `taskmesh reputation show ${peer}` },
    { does: 'Empty it', text: `taskmesh node drain ${peer} --deadline 30m` },
    { does: 'All of this page, as JSON', text: curlOf(`/nodes/${peer}`) }
  ]
}

function TabContent({ node, tab }: { tab: string; node: NodeView }): JSX.Element {
  switch (tab) {
    case 'reputation':
      return <ReputationTab node={node} />
    case 'tasks':
      return <EvidenceTab node={node} />
    case 'idle':
      return <IdleTab node={node} />
    default:
      return <MachineTab node={node} />
  }
}

function MachineTab({ node }: { node: NodeView }): JSX.Element {
  const told = useRef({ node, atMs: nowMs.peek() })
  if (told.current.node !== node) told.current = { node, atMs: nowMs.peek() }
  return (
    <div class="cards wide">
      <WorkNow node={node} />
      <Machine node={node} />
      <Engines node={node} />
      <Way node={node} toldAtMs={told.current.atMs} />
    </div>
  )
}
