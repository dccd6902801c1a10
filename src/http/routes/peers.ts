/** Whom a node is connected to, and what peers have done wrong. */
import { OPERATIONS } from '../operations.ts'
import { pageOf } from '../whole-list.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { ListOrder } from '../whole-list.ts'
import type { PeerView } from '../../model/generated/api-peer.ts'
import type { RouteContext } from './context.ts'

/** Who came first stands first. */
const ORDER: ListOrder<PeerView> = {
  rankOf: ({ connected_at_ms: atMs }) => atMs,
  idOf: ({ peer_id: peer }) => peer
}

export function addPeerRoutes(
  app: FastifyInstance,
  context: RouteContext<'peers' | 'security'>
): void {
  const { services } = context

  serve(app, context, OPERATIONS.listPeers, async ({ query, reply }) => {
    const { direction, path, q } = query
    const rows = services.peers
      .list()
      .filter((peer) => direction === undefined || peer.direction === direction)
      .filter((peer) => path === undefined || peer.path === path)
      .filter((peer) => q === undefined || isFound(peer, q.toLowerCase()))
    return pageOf(rows, ORDER, { path: '/v1/peers', query }, reply)
  })

  serve(app, context, OPERATIONS.readSecurity, async () => services.security())
}

function isFound({ addresses, agent, peer_id: peer }: PeerView, wanted: string): boolean {
  return [peer, agent ?? '', ...addresses].some((text) => text.toLowerCase().includes(wanted))
}
