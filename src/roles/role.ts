/** What every running node offers to whoever started it. */

/** Said once on stdout when a node is ready. */
export interface ReadyReport {
  role: 'bootstrap' | 'worker' | 'router' | 'share' | 'monitor'
  /** Of the node itself: whoever started it may only know the pid of a wrapper. */
  pid: number
  peer_id: string
  /** Multiaddrs, each ending in `/p2p/<peer id>`. */
  addresses: string[]
  namespace: string
  /** The node's own folder. */
  folder: string
  /** Of a router or monitor: base address of its API and pages. */
  http?: string
  /** Of a node with pages: where they are. */
  pages?: string
  /** Where Prometheus reads its metrics, if its owner wishes that. */
  metrics?: string
  /** Of a worker. */
  slots?: number
  engines?: string[]
}

export interface RunningNode {
  readonly report: ReadyReport
  /** Ends it gracefully; may be called twice. */
  stop(): Promise<void>
}
