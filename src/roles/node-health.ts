/** What every node with an API says of its health. */
import { AGENT } from '../core/version.ts'
import type { HealthView } from '../model/generated/api-health.ts'
import type { NodeCore } from './node-core.ts'

type NodeHealth = Pick<HealthView, 'addresses' | 'agent' | 'namespace' | 'peer_id' | 'uptime_ms'>

/** From now on. */
export function nodeHealth(
  { clock, node }: Pick<NodeCore, 'clock' | 'node'>,
  namespace: string
): () => NodeHealth {
  const startedAtMs = clock.monotonicMs()
  return () => ({
    peer_id: node.selfPeer,
    namespace,
    agent: AGENT,
    addresses: node.addresses(),
    uptime_ms: Math.round(clock.monotonicMs() - startedAtMs)
  })
}
