/** A monitor: shows the mesh in a browser, passes on what routers tell of their jobs, and is a bootstrap and relay besides. */
import { RouterMeetings } from './router-meetings.ts'
import { createHub, hubInit } from './hub.ts'
import { createMonitoring } from './mesh-monitoring.ts'
import { createPeerFetch, peerUrl } from '../protocol/http/peer-fetch.ts'
import { createWebServer } from './web-server.ts'
import { loadTokenBook } from './api-token.ts'
import { nodeHealth } from './node-health.ts'
import { securityView } from './security-view.ts'
import { startNode } from './node-core.ts'
import type { Hub } from './hub.ts'
import type { Logger } from '../observe/logger.ts'
import type { MonitorSettings } from '../config/settings.ts'
import type { Monitoring } from '../monitoring/monitoring.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { OfferedServices } from '../http/services.ts'
import type { RunningNode } from './role.ts'

export async function startMonitor(
  settings: MonitorSettings,
  logger: Logger
): Promise<RunningNode> {
  return await startNode(settings, logger, hubInit('monitor', settings), buildMonitor)
}

function buildMonitor(core: NodeCore, settings: MonitorSettings): NodeParts {
  const { namespace } = settings
  const hub = createHub(core, 'monitor', settings)
  core.server.register(hub.handlers)
  const meetings = new RouterMeetings(core, settings)
  const monitoring = monitoringOf(core, { hub, meetings, namespace })
  const web = createWebServer(core, settings, {
    role: 'monitor',
    services: servicesOf(core, hub, monitoring, namespace),
    hasPages: true
  })
  return {
    before: [],
    after: [...hub.parts, meetings, monitoring, ...web.parts],
    report: () => ({ ...hub.report(), ...web.report() })
  }
}

function servicesOf(
  core: NodeCore,
  hub: Hub,
  monitoring: Monitoring,
  namespace: string
): OfferedServices {
  const about = nodeHealth(core, namespace)
  const fetch = createPeerFetch({ access: core.access, clock: core.clock, link: core.node })
  return {
    monitoring,
    metrics: core.metrics,
    health: () => ({ status: 'ok', ...about(), workers_ready: hub.registry.count(namespace) }),
    peers: { list: () => core.tracker.list() },
    security: () => securityView(core, 'monitor'),
    tokens: loadTokenBook(core.folder.path, core.clock),
    forwarding: { to: (peer) => ({ fetch, url: peerUrl(peer) }) }
  }
}

interface Sights {
  hub: Hub
  meetings: RouterMeetings
  namespace: string
}

/** It runs nothing and stores nothing; of workers it knows those that it has heard of. */
function monitoringOf(core: NodeCore, { hub, meetings, namespace }: Sights): Monitoring {
  return createMonitoring(core, {
    self: { role: 'monitor', namespace },
    workers: { counts: () => hub.workerCounts(), views: () => [] },
    files: {
      counts: () => ({ known: 0, bytes_stored: 0 }),
      moved: () => ({ received: 0, sent: 0 }),
      transfers: () => []
    },
    known: () => [
      ...[...meetings.met].map((peer) => ({ peer_id: peer, role: 'router' as const })),
      ...hub.registry
        .list(namespace)
        .map(({ peer }) => ({ peer_id: peer, role: 'worker' as const }))
    ]
  })
}
