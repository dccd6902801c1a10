/** Looking at jobs, and waiting for them. What they mean is decided behind `ApiServices`. */
import { LIMITS } from '../../core/limits.ts'
import { defined, duration, integer, labels, moment, oneOf, readQuery, text } from '../query.ts'
import { leavingSignal } from './leaving.ts'
import { pageLimit, pathParameter } from './context.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export const JOB_STATES = [
  'pending',
  'queued',
  'running',
  'completed',
  'failed',
  'stopped',
  'held'
] as const

/** A caller that names no time gets its answer before any proxy loses patience. */
const WAIT_DEFAULT_MS = 30_000

/** The longest a request may wait; the server's idle limit for connections stands above it. */
export const WAIT_TEXT_MAX = '10m'

const JOB_FILTER = {
  state: oneOf(JOB_STATES),
  label: labels(LIMITS.labelsMax),
  submitter: text(),
  parent: text(),
  after: text(),
  limit: pageLimit()
}
const WAIT_QUERY = { timeout: duration({ defaultMs: WAIT_DEFAULT_MS, max: WAIT_TEXT_MAX }) }
const ATTEMPT_FILTER = {
  item: text(),
  after: integer({ min: 0, max: LIMITS.jobItemsMax }),
  limit: pageLimit()
}
const RECEIPT_FILTER = { ...ATTEMPT_FILTER, attempt: integer({ min: 1, max: LIMITS.attemptsMax }) }
const EXPLAIN_QUERY = {
  item: text(),
  attempt: integer({ min: 1, max: LIMITS.attemptsMax }),
  why_not: text()
}

export function addJobRoutes(app: FastifyInstance, context: RouteContext): void {
  const { jobs } = context.services
  const jobFilter = { ...JOB_FILTER, since: moment(context.clock) }

  app.get('/v1/jobs', async (request) => {
    const { label, limit, since, ...filter } = readQuery(request.query, jobFilter)
    return jobs.list({ ...defined({ ...filter, labels: label, sinceMs: since }), limit })
  })

  app.get('/v1/jobs/:id', async (request) => {
    readQuery(request.query, {})
    return jobs.describe(pathParameter(request, 'id'))
  })

  app.get('/v1/jobs/:id/document', async (request) => {
    readQuery(request.query, {})
    return jobs.document(pathParameter(request, 'id'))
  })

  app.get('/v1/jobs/:id/wait', async (request, reply) => {
    const { timeout } = readQuery(request.query, WAIT_QUERY)
    return jobs.wait(pathParameter(request, 'id'), {
      timeoutMs: timeout,
      signal: leavingSignal(reply, context.stopping)
    })
  })

  app.get('/v1/jobs/:id/attempts', async (request) => {
    const { limit, ...filter } = readQuery(request.query, ATTEMPT_FILTER)
    return jobs.attempts(pathParameter(request, 'id'), { ...defined(filter), limit })
  })

  app.get('/v1/jobs/:id/history', async (request) => {
    const which = readQuery(request.query, { item: text() })
    return jobs.history(pathParameter(request, 'id'), defined(which))
  })

  app.get('/v1/jobs/:id/receipts', async (request) => {
    const { limit, ...filter } = readQuery(request.query, RECEIPT_FILTER)
    return jobs.receipts(pathParameter(request, 'id'), { ...defined(filter), limit })
  })

  app.get('/v1/jobs/:id/explain', async (request) => {
    const { why_not: whyNot, ...which } = readQuery(request.query, EXPLAIN_QUERY)
    return jobs.explain(pathParameter(request, 'id'), defined({ ...which, whyNot }))
  })
}
