/** What monitoring asks for, given by a node's parts. */
import { AGENT } from '../core/version.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { LIMITS } from '../core/limits.ts'
import { Monitoring } from '../monitoring/monitoring.ts'
import { nameOf, ownLinks } from './own-links.ts'
import { shortMeshId } from '../membership/mesh-id.ts'
import type { FileSource, JobSource, LinkSource, WorkerSource } from '../monitoring/sources.ts'
import type { GetLinksResult } from '../model/generated/commands-get-links.ts'
import type { JobEngine } from './job-engine.ts'
import type { MapNode } from '../model/generated/api-map.ts'
import type { NodeCore } from './node-core.ts'
import type { RouterFiles } from './router-files.ts'

export interface MonitoringParts {
  self: { role: 'monitor' | 'router'; namespace: string }
  workers: WorkerSource
  files: FileSource
  /** Of a router. */
  jobs?: JobSource
  /** Nodes that it need not be told of. */
  known: () => MapNode[]
}

const LINKS_TIMEOUT_MS = 5_000

export function createMonitoring(core: NodeCore, parts: MonitoringParts): Monitoring {
  const { self: given, known, ...sources } = parts
  const self = { ...given, name: nameOf(core.folder) }
  const meshId = core.membership.standing()?.meshId
  return new Monitoring(core, {
    ...sources,
    self: {
      ...self,
      peer_id: core.node.selfPeer,
      agent: AGENT,
      ...(meshId === undefined ? {} : { mesh_id: shortMeshId(meshId) })
    },
    links: linkSource(core, self, known)
  })
}

/** Only connected nodes are asked: nobody is dialled for a picture. */
function linkSource(
  core: NodeCore,
  { name, role }: { name: string; role: 'monitor' | 'router' },
  known: () => MapNode[]
): LinkSource {
  return {
    own: () => ownLinks(core, { name, role }),
    known,
    askable: () => core.tracker.list().map(({ peer_id: peer }) => peer),
    ask: (peer, signal) => askLinks(core, peer, signal)
  }
}

async function askLinks(
  { access, sessions }: NodeCore,
  peer: string,
  signal: AbortSignal
): Promise<GetLinksResult> {
  const session = await sessions.open(peer, { signal })
  const { error, result } = await session.request(
    { command: 'GET_LINKS', params: { limit: LIMITS.linksToldMax } },
    { timeoutMs: LINKS_TIMEOUT_MS, signal }
  )
  if (error !== undefined) throw error
  const told = COMMANDS.GET_LINKS.checkResult(result)
  // What its certificate says counts more: whoever poses as a router would be shown tokens.
  return { ...told, role: access.memberOf(peer)?.role ?? told.role }
}

/** Of a router: what its engine and its files know. */
export function routerSources(
  { dispatcher, meter, nodes, reader, store }: JobEngine,
  { catalogue, library, service }: RouterFiles,
  transfers: FileSource['transfers']
): Omit<MonitoringParts, 'self'> {
  return {
    workers: { counts: () => nodes.counts(), views: () => nodes.all() },
    files: {
      counts: () => ({
        known: catalogue.fileCount,
        bytes_stored: library.totals().ownBytes
      }),
      moved: () => service.moved(),
      transfers
    },
    jobs: {
      counts: () => store.jobCounts(),
      items: () => {
        const { queued, running } = dispatcher.counts()
        return { queued, running }
      },
      view: (job) => reader.glance(job),
      meter
    },
    known: () => nodes.marks()
  }
}
