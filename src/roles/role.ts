/** What every running node offers to whoever started it. */

/** Said once on stdout when a node is ready. */
export interface ReadyReport {
  role: 'bootstrap' | 'worker' | 'router' | 'share'
  /** Of the node itself: whoever started it may only know the pid of a wrapper. */
  pid: number
  peer_id: string
  /** Multiaddrs, each ending in `/p2p/<peer id>`. */
  addresses: string[]
  namespace: string
  /** The node's own folder. */
  folder: string
  /** Of a router: base address of its API. */
  http?: string
  /** Of a worker. */
  slots?: number
  engines?: string[]
}

export interface RunningNode {
  readonly report: ReadyReport
  /** Ends it gracefully; may be called twice. */
  stop(): Promise<void>
}
