/** Whom a node is connected to, and what peers have done wrong. */
import { OPERATIONS } from '../operations.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addPeerRoutes(
  app: FastifyInstance,
  context: RouteContext<'peers' | 'security'>
): void {
  const { services } = context

  serve(app, context, OPERATIONS.listPeers, async () => services.peers.list())

  serve(app, context, OPERATIONS.readSecurity, async () => services.security())
}
