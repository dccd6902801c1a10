/** What monitoring needs to know, declared here and satisfied by the roles: a router gives all of it, a monitor all but jobs. */
import type { FileView } from '../model/generated/api-file.ts'
import type { GetLinksResult } from '../model/generated/commands-get-links.ts'
import type { JobMeter } from './job-meter.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { MapNode } from '../model/generated/api-map.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { OverviewView, SlotCounts, WorkerCounts } from '../model/generated/api-overview.ts'

export interface WorkerSource {
  counts(): { byState: WorkerCounts; slots: SlotCounts }
  /** All that are known, ready or not. */
  views(): NodeView[]
}

export interface FileSource {
  /** Files in the namespace, and bytes on this node's disk. */
  counts(): { known: number; bytes_stored: number }
  /** Bytes of files since the start. */
  moved(): { received: number; sent: number }
  /** What is being fetched now. */
  transfers(): FileView[]
}

export interface JobSource {
  /** In the store, by state. */
  counts(): Promise<Readonly<Record<string, number>>>
  items(): { queued: number; running: number }
  /** As the list of jobs shows it, but for what it waits for. */
  view(job: JobRecord): JobView
  /** Is told of all that happens to them. */
  readonly meter: JobMeter
}

export interface LinkSource {
  /** This node's own connections. */
  own(): GetLinksResult
  /** Nodes that are known otherwise, with what is known of them. */
  known(): MapNode[]
  /** Peers that may be asked for their connections. */
  askable(): string[]
  ask(peer: string, signal: AbortSignal): Promise<GetLinksResult>
}

export interface MonitoringSources {
  self: Pick<OverviewView, 'agent' | 'mesh_id' | 'name' | 'namespace' | 'peer_id' | 'role'>
  workers: WorkerSource
  files: FileSource
  links: LinkSource
  /** Absent of a node without jobs of its own. */
  jobs?: JobSource
}
