/** How a worker is reached: its path, its speed, its addresses, its certificate. */
import { Ago, Card, CopyId, Facts } from '../parts/basics.tsx'
import { Path, formatLatency } from './cells.tsx'
import { formatBytes, formatMoment, formatSpan, shortPeer } from '../data/formats.ts'
import { nameOf } from './worker-names.ts'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'

interface WayProps {
  node: NodeView
  /** When what it says was told. */
  toldAtMs: number
}

export function Way({ node, toldAtMs }: WayProps): JSX.Element {
  const { bandwidth, certificate_until_ms, latency_ms, relay } = node
  return (
    <Card title="Connection">
      <Facts
        rows={[
          [
            'Peer id',
            <CopyId key="id" id={node.peer_id} short={shortPeer(node.peer_id)} what="peer id" />
          ],
          [
            'Path',
            node.path === undefined ? undefined : (
              <Path key="path" node={{ ...node, latency_ms: null }} />
            )
          ],
          ['Relay', relay === undefined ? undefined : nameOf(relay)],
          ['Round trip', latency_ms === null ? undefined : formatLatency(latency_ms)],
          ['Sent to it', rateText(bandwidth?.to)],
          ['Sent by it', rateText(bandwidth?.from)],
          ['Program', node.agent],
          ['Found by', node.found_by],
          ['Heard of', <Ago key="seen" atMs={toldAtMs - node.seen_ms_ago} />],
          [
            'Certificate until',
            certificate_until_ms === undefined ? undefined : formatMoment(certificate_until_ms)
          ]
        ]}
      />
      {node.addresses.length > 0 && (
        <details>
          <summary>Addresses: {node.addresses.length}</summary>
          <ul class="addresses">
            {node.addresses.map((address) => (
              <li key={address}>
                <code>{address}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  )
}

function rateText(
  rate: { bytes_per_second: number; age_ms: number } | undefined
): string | undefined {
  if (rate === undefined) return undefined
  return `${formatBytes(Math.round(rate.bytes_per_second))}/s, measured ${formatSpan(rate.age_ms)} ago`
}
