/** The routers of a namespace that the DHT names: each announces itself under one key. */
import { keyCid } from './key-cid.ts'
import { routersKey } from '../protocol/ids.ts'
import type { Libp2p } from '@libp2p/interface'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'

/** What it takes. */
export interface RouterFinding {
  node: Pick<MeshNode, 'learnAddresses' | 'selfPeer'> & {
    libp2p: Pick<Libp2p, 'contentRouting' | 'getPeers' | 'peerStore'>
  }
  logger: Pick<Logger, 'debug'>
}

export interface RouterSearch {
  namespace: string
  countMax: number
  timeoutMs: number
  /** Peers that are known to be none. */
  others?: ReadonlySet<string>
  signal: AbortSignal
}

/** As many as are found in that time. Never rejects. */
export async function findRouters(
  { logger, node }: RouterFinding,
  { countMax, namespace, others, signal, timeoutMs }: RouterSearch
): Promise<string[]> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const found = new Set<string>()
  try {
    const cid = await keyCid(routersKey(namespace))
    const providers = node.libp2p.contentRouting.findProviders(cid, { signal: inTime })
    for await (const { id, multiaddrs } of providers) {
      const peer = id.toString()
      if (peer === node.selfPeer || others?.has(peer) === true) continue
      await node.learnAddresses(peer, multiaddrs.map(String))
      found.add(peer)
      if (found.size >= countMax) break
    }
  } catch (cause) {
    if (!signal.aborted) logger.debug({ err: cause }, 'look-up of routers in the DHT failed')
  }
  return [...found]
}
