/** What the HTTP API asks for, given by the router's parts. */
import { AGENT } from '../core/version.ts'
import { toReputationView } from './reputation-view.ts'
import type { ApiServices } from '../http/services.ts'
import type { JobEngine } from './job-engine.ts'
import type { NodeCore } from './node-core.ts'

export function createApiServices(
  core: NodeCore,
  engine: JobEngine,
  namespace: string
): ApiServices {
  const { dispatcher, intake, nodes, reader, reputation } = engine
  const { clock, node, tracker } = core
  const startedAtMs = clock.monotonicMs()
  return {
    jobs: {
      submit: (document, submitter) => intake.submit(document, submitter),
      plan: (document) => intake.plan(document),
      stop: (id, reason) => intake.stopJob(id, reason),
      list: (filter) => reader.list(filter),
      describe: (id) => reader.describe(id),
      wait: (id, options) => reader.wait(id, options),
      items: (id, filter) => reader.items(id, filter),
      attempts: (id, filter) => reader.attempts(id, filter),
      explain: (id, which) => reader.explain(id, which),
      watch: (id, onEvent) => reader.watch(id, onEvent)
    },
    nodes: {
      list: async (filter) => nodes.list(filter),
      describe: async (peer) => nodes.describe(peer)
    },
    peers: { list: () => tracker.list(), watch: (onEvent) => tracker.watch(onEvent) },
    reputation: {
      list: () => reputation.list().map(toReputationView),
      describe: (peer) => toReputationView(reputation.of(peer))
    },
    health: () => {
      const { queued, running } = dispatcher.counts()
      return {
        status: 'ok',
        peer_id: node.selfPeer,
        namespace,
        agent: AGENT,
        addresses: node.addresses(),
        uptime_ms: Math.round(clock.monotonicMs() - startedAtMs),
        workers_ready: nodes.list({}).length,
        items_queued: queued,
        items_running: running
      }
    }
  }
}
