/** What the router has seen of its workers, how it knows, and all of that for others to count again. */
import { Readable } from 'node:stream'
import { LIMITS } from '../../core/limits.ts'
import { defined, integer, moment, readQuery, text } from '../query.ts'
import { pageLimit, pathParameter } from './context.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { RouteContext } from './context.ts'

const EXPORT_QUERY = { peer: text() }
const EVIDENCE_QUERY = { after: text(), limit: pageLimit() }
const SUSPECTS_QUERY = { after: integer({ min: 0, max: 1e9 }), limit: pageLimit() }

export function addReputationRoutes(
  app: FastifyInstance,
  { clock, services: { reputation } }: RouteContext
): void {
  // All of them, as far as a page goes: a list of workers is short.
  const listQuery = { after: text(), limit: integer({ min: 1, max: LIMITS.pageRowsMax }) }

  app.get('/v1/reputation', async (request, reply) => {
    const { after, limit = LIMITS.pageRowsMax } = readQuery(request.query, listQuery)
    const rows = reputation.list({ ...defined({ after }), limit })
    const last = rows.length === limit ? rows.at(-1)?.peer_id : undefined
    linkNext(reply, '/v1/reputation', { after: last, limit })
    return rows
  })

  app.get('/v1/reputation/export', async (request, reply) => {
    const { peer } = readQuery(request.query, EXPORT_QUERY)
    reply.header('content-type', 'application/x-ndjson')
    return reply.send(Readable.from(reputation.export(defined({ peer }))))
  })

  const describeQuery = { as_of: moment(clock) }
  app.get('/v1/reputation/:peer', async (request) => {
    const { as_of: asOfMs } = readQuery(request.query, describeQuery)
    return reputation.describe(pathParameter(request, 'peer'), defined({ asOfMs }))
  })

  app.get('/v1/reputation/:peer/evidence', async (request, reply) => {
    const { after, limit } = readQuery(request.query, EVIDENCE_QUERY)
    const peer = pathParameter(request, 'peer')
    const { entries, next } = await reputation.evidence(peer, { ...defined({ after }), limit })
    linkNext(reply, `/v1/reputation/${encodeURIComponent(peer)}/evidence`, { after: next, limit })
    return entries
  })

  app.get('/v1/reputation/:peer/suspects', async (request, reply) => {
    const { after = 0, limit } = readQuery(request.query, SUSPECTS_QUERY)
    const peer = pathParameter(request, 'peer')
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
