/** What was decided and why: decisions of all jobs, what counts for them, and why workers were passed over. */
import { IDLE_REASONS_MS } from '../../selection/idle-reasons.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { defined, duration, moment, readQuery, text } from '../query.ts'
import { leavingSignal } from './leaving.ts'
import { pageLimit } from './context.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

const IDLE_QUERY = { peer: text(), since: duration({ defaultMs: IDLE_REASONS_MS, max: '1h' }) }

export function addDecisionRoutes(app: FastifyInstance, context: RouteContext): void {
  const { clock, services, stopping } = context
  const query = { since: moment(clock), after: text(), limit: pageLimit() }

  app.get('/v1/decisions', async (request) => {
    const { after, limit, since } = readQuery(request.query, query)
    return services.jobs.decisions({
      sinceMs: since ?? 0,
      ...defined({ after: after === undefined ? undefined : readPlace(after) }),
      limit
    })
  })

  app.get('/v1/idle-reasons', async (request, reply) => {
    const { peer, since } = readQuery(request.query, IDLE_QUERY)
    const signal = leavingSignal(reply, stopping)
    return services.idleReasons({ ...defined({ peer }), spanMs: since }, { signal })
  })

  app.get('/v1/weights', async (request) => {
    readQuery(request.query, {})
    return services.weights()
  })
}

/** `AT_MS,JOB,ITEM,ATTEMPT` of the last record of the page before. */
function readPlace(place: string): {
  atMs: number
  jobId: string
  itemIndex: number
  attempt: number
} {
  const [at = '', jobId = '', item = '', attempt = ''] = place.split(',')
  const [atMs, itemIndex, number] = [Number(at), Number(item), Number(attempt)]
  const isValid =
    Number.isFinite(atMs) && Number.isInteger(itemIndex) && itemIndex < LIMITS.jobItemsMax
  if (isValid && Number.isInteger(number)) return { atMs, jobId, itemIndex, attempt: number }
  throw new MeshError('FIELD_INVALID', `"${place}" is no place among decisions`, {
    path: 'after',
    hint: 'at_ms, job_id, item and attempt of the last record that you have, with commas between them'
  })
}
