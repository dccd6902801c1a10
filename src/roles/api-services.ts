/** What the HTTP API asks for, given by the router's parts. */
import { AGENT } from '../core/version.ts'
import { toReputationView } from './reputation-view.ts'
import type { ApiServices } from '../http/services.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { JobIntake } from '../dispatch/job-intake.ts'
import type { JobReader } from '../dispatch/job-reader.ts'
import type { NodeCore } from './node-core.ts'
import type { NodeViews } from '../discovery/node-views.ts'
import type { ReputationKeeper } from './reputation-keeper.ts'

export interface RouterParts {
  dispatcher: Dispatcher
  intake: JobIntake
  keeper: ReputationKeeper
  nodes: NodeViews
  reader: JobReader
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

export function createApiServices(
  core: NodeCore,
  parts: RouterParts,
  namespace: string
): ApiServices {
  const { dispatcher, intake, keeper, nodes, nowMs, reader } = parts
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
      list: () => keeper.ledger.list(nowMs()).map(toReputationView),
      describe: (peer) => toReputationView(keeper.ledger.of(peer, nowMs()))
    },
    health: () => ({
      status: 'ok',
      peer_id: node.selfPeer,
      namespace,
      agent: AGENT,
      addresses: node.addresses(),
      uptime_ms: clock.monotonicMs() - startedAtMs,
      workers_ready: nodes.list({}).length,
      items_queued: dispatcher.queuedCount,
      items_running: dispatcher.runningCount
    })
  }
}
