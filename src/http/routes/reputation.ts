/** What the router has seen of its workers, how it knows, and all of that for others to count again. */
import { Readable } from 'node:stream'
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { RouteContext } from './context.ts'

export function addReputationRoutes(app: FastifyInstance, context: RouteContext): void {
  const { reputation } = context.services

  serve(app, context, OPERATIONS.listReputation, async ({ query: { after, limit }, reply }) => {
    const rows = reputation.list({ ...defined({ after }), limit })
    const last = rows.length === limit ? rows.at(-1)?.peer_id : undefined
    linkNext(reply, '/v1/reputation', { after: last, limit })
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
    linkNext(reply, `/v1/reputation/${encodeURIComponent(peer)}/evidence`, { after: next, limit })
    return entries
  })

  serve(app, context, OPERATIONS.listSuspects, async ({ parameter, query, reply }) => {
    const { after = 0, limit } = query
    const peer = parameter('peer')
    const rows = await reputation.suspects(peer, { after, limit })
    const next = rows.length === limit ? `${after + limit}` : undefined
    linkNext(reply, `/v1/reputation/${encodeURIComponent(peer)}/suspects`, { after: next, limit })
    return rows
  })
}

/** Where the next page is, if there may be one. */
function linkNext(
  reply: FastifyReply,
  path: string,
  { after, limit }: { after: string | undefined; limit: number }
): void {
  if (after === undefined) return
  const query = new URLSearchParams({ after, limit: `${limit}` })
  reply.header('link', `<${path}?${query}>; rel="next"`)
}
