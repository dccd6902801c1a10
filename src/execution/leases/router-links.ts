/** How a worker reaches the routers whose leases it holds; the role makes it of the node's sessions. */
import type {
  ReportTaskParams,
  ReportTaskResult
} from '../../model/generated/commands-report-task.ts'

export interface RouterLinksListener {
  /** A session with the peer has opened; it may not be the only one. */
  onConnected: (peer: string) => void
  /** The last session with the peer has ended. */
  onClosed: (peer: string) => void
}

export interface RouterLinks {
  isConnected(peer: string): boolean
  /** @throws MeshError for a way that is gone, a time that is up, or the router's own error */
  report(peer: string, params: ReportTaskParams): Promise<ReportTaskResult>
  /** Sends a router this worker's load, out of turn. */
  tell(peer: string): void
  listen(listener: RouterLinksListener): void
}
