/** Generated from schemas/worker-beat.schema.json by `npm run generate`; do not edit. */

/**
 * What a worker publishes between two of its capability records: that it is there still. The gossip message around it is signed by the worker.
 */
export interface WorkerBeat {
  version: 1
  /**
   * A libp2p peer id.
   */
  peer_id: string
  namespace: string
  /**
   * Grows with every record and every beat of this peer; an older one is a replay.
   */
  seq: number
  /**
   * Seconds after its arrival for which its last record may be believed.
   */
  ttl_s: number
}
