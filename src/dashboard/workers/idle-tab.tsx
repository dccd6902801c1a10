/** Why tasks went elsewhere than to a worker: what its owner wants to know of routers. */
import { Ago, Bar, Card } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { formatCount, formatShare, plural, shortPeer } from '../data/formats.ts'
import { get } from '../data/api.ts'
import { nameOf } from './worker-names.ts'
import { useLoad } from '../data/use-load.ts'
import type { IdleReasonsView } from '../../model/generated/api-idle-reasons.ts'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'

export function IdleTab({ node }: { node: NodeView }): JSX.Element {
  const { cause, reload, value } = useLoad(`idle ${node.peer_id}`, (signal) =>
    get<IdleReasonsView>('/idle-reasons', { query: { peer: node.peer_id, since: '1h' }, signal })
  )
  if (value === undefined) {
    return cause === undefined ? <Skeleton /> : <Failure cause={cause} retry={reload} />
  }
  const worker = value.workers.find(({ peer_id }) => peer_id === node.peer_id)
  const silent = value.routers.filter(({ error }) => error !== null)
  return (
    <Card
      title="Passed over in the last hour"
      aside={
        <button type="button" class="button small" onClick={reload}>
          Ask again
        </button>
      }
    >
      {worker === undefined || worker.looks === 0 ? (
        <Empty icon="queued" title="No router had to decide">
          <p>No task was placed in the last hour.</p>
        </Empty>
      ) : (
        <>
          <p>
            Looked at {plural(worker.looks, 'time')}, chosen {formatCount(worker.chosen)}.
            {worker.hint !== null && <b> What its owner can do: {worker.hint}.</b>}
          </p>
          <ul class="reasons">
            {worker.reasons.map(({ code, count, example, last_at_ms, router }) => (
              <li key={`${router} ${code}`}>
                <span class="meter">
                  <Bar
                    parts={[{ tone: 'warn', ratio: count / worker.looks }]}
                    text={`${formatShare(count / worker.looks)} of all looks`}
                  />
                  <b>{formatCount(count)}</b>
                </span>
                <code>{code}</code>
                <span class="soft">{example}</span>
                <span class="faint">
                  {nameOf(router)}, <Ago atMs={last_at_ms} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {silent.map(({ error, peer_id }) => (
        <p key={peer_id} class="soft">
          Router {shortPeer(peer_id)} did not answer: {error}
        </p>
      ))}
    </Card>
  )
}
