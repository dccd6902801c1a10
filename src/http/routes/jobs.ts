/** Jobs over HTTP: submit, plan, look, wait, explain, stop. What they mean is decided behind `ApiServices`. */
import { MeshError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { validatorFor } from '../../model/validate.ts'
import { defined, duration, integer, labels, oneOf, readQuery, text } from '../query.ts'
import { pageLimit, pathParameter } from './context.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StopRequest } from '../../model/generated/api-stop.ts'
import type { RouteContext } from './context.ts'

/** Whoever holds the token; the mesh's own submitters are known by PeerId. */
const SUBMITTER = 'http'

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

const STOP_BYTES_MAX = 16_384
const STOP_REASON_DEFAULT = 'stopped through the API'

const checkStop = validatorFor<StopRequest>('api/stop')

const JOB_FILTER = {
  state: oneOf(JOB_STATES),
  label: labels(LIMITS.labelsMax),
  after: text(),
  limit: pageLimit()
}
const WAIT_QUERY = { timeout: duration({ defaultMs: WAIT_DEFAULT_MS, max: WAIT_TEXT_MAX }) }
const ATTEMPT_FILTER = {
  item: text(),
  after: integer({ min: 0, max: LIMITS.jobItemsMax }),
  limit: pageLimit()
}
const EXPLAIN_QUERY = { item: text(), attempt: integer({ min: 1, max: LIMITS.attemptsMax }) }

export function addJobRoutes(app: FastifyInstance, context: RouteContext): void {
  const { jobs } = context.services
  addSubmitRoutes(app, context)

  app.get('/v1/jobs', async (request) => {
    const { label, limit, ...filter } = readQuery(request.query, JOB_FILTER)
    return jobs.list({ ...defined({ ...filter, labels: label }), limit })
  })

  app.get('/v1/jobs/:id', async (request) => {
    readQuery(request.query, {})
    return jobs.describe(pathParameter(request, 'id'))
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

  app.get('/v1/jobs/:id/explain', async (request) => {
    const which = readQuery(request.query, EXPLAIN_QUERY)
    return jobs.explain(pathParameter(request, 'id'), defined(which))
  })

  app.post('/v1/jobs/:id/stop', { bodyLimit: STOP_BYTES_MAX }, async (request) => {
    readQuery(request.query, {})
    const { reason = STOP_REASON_DEFAULT } = checkStop(
      request.body === undefined ? {} : request.body
    )
    return jobs.stop(pathParameter(request, 'id'), reason)
  })
}

function addSubmitRoutes(app: FastifyInstance, { services: { jobs } }: RouteContext): void {
  app.post('/v1/jobs', async (request, reply) => {
    readQuery(request.query, {})
    const job = await jobs.submit(documentOf(request), SUBMITTER)
    return reply.code(201).header('location', `/v1/jobs/${job.id}`).send(job)
  })

  app.post('/v1/jobs/plan', async (request) => {
    readQuery(request.query, {})
    return jobs.plan(documentOf(request))
  })
}

/** Aborted when the caller has left or the server stops; holds on to neither afterwards. */
function leavingSignal(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const leaving = new AbortController()
  const onStop = (): void => leaving.abort(stopping.reason)
  stopping.addEventListener('abort', onStop, { once: true })
  reply.raw.once('close', () => {
    stopping.removeEventListener('abort', onStop)
    leaving.abort(new MeshError('SESSION_CLOSED', 'the caller left'))
  })
  return leaving.signal
}

function documentOf(request: FastifyRequest): unknown {
  if (request.body !== undefined) return request.body
  throw new MeshError('REQUEST_NOT_JSON', 'the body is empty', {
    hint: 'send a job document as JSON'
  })
}
