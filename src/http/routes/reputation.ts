/** What the router has seen of its workers, how it knows, and all of that for others to count again. */
import { Readable } from 'node:stream'
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { lastOf, linkNext } from '../next-page.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addReputationRoutes(
  app: FastifyInstance,
  context: RouteContext<'reputation'>
): void {
  const { reputation } = context.services

  serve(app, context, OPERATIONS.listReputation, async ({ query: { after, limit }, reply }) => {
    const rows = reputation.list({ ...defined({ after }), limit })
    const last = lastOf(rows, limit)
    if (last !== undefined) linkNext(reply, '/v1/reputation', { after: last.peer_id, limit })
    return rows
  })

  serve(app, context, OPERATIONS.exportReputation, async ({ query: { peer }, reply }) => {
    reply.header('content-type', 'application/x-ndjson')
    return reply.send(Readable.from(reputation.export(defined({ peer }))))
  })

  serve(app, context, OPERATIONS.describeReputation, async ({ parameter, query }) =>
    reputation.describe(parameter('peer'), defined({ asOfMs: query.as_of }))
  )

  serve(app, context, OPERATIONS.listEvidence, async ({ parameter, query, reply }) => {
    const { after, limit } = query
    const peer = parameter('peer')
    const { entries, next } = await reputation.evidence(peer, { ...defined({ after }), limit })
    const path = `/v1/reputation/${encodeURIComponent(peer)}/evidence`
    if (next !== undefined) linkNext(reply, path, { after: next, limit })
    return entries
  })

  serve(app, context, OPERATIONS.listSuspects, async ({ parameter, query, reply }) => {
    const { after = 0, limit } = query
    const peer = parameter('peer')
    const rows = await reputation.suspects(peer, { after, limit })
    const path = `/v1/reputation/${encodeURIComponent(peer)}/suspects`
    if (rows.length === limit) linkNext(reply, path, { after: after + limit, limit })
    return rows
  })
}
