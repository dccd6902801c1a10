/** What people do to a job that is there: stop it, hold it, release it, run it again. */
import { MeshError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { parseDurationMs } from '../../core/units.ts'
import { validatorFor } from '../../model/validate.ts'
import { readQuery } from '../query.ts'
import { SUBMITTER, pathParameter } from './context.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HoldRequest } from '../../model/generated/api-hold.ts'
import type { RerunRequest } from '../../model/generated/api-rerun.ts'
import type { StopRequest } from '../../model/generated/api-stop.ts'
import type { RouteContext } from './context.ts'

const REASON_BYTES_MAX = 16_384
const STOP_REASON_DEFAULT = 'stopped through the API'

const checkStop = validatorFor<StopRequest>('api/stop')
const checkHold = validatorFor<HoldRequest>('api/hold')
const checkRerun = validatorFor<RerunRequest>('api/rerun')

export function addJobActionRoutes(
  app: FastifyInstance,
  { services: { jobs } }: RouteContext
): void {
  app.post('/v1/jobs/:id/stop', { bodyLimit: REASON_BYTES_MAX }, async (request) => {
    const { kill_after: killAfter, reason = STOP_REASON_DEFAULT } = checkStop(bodyOf(request))
    const killAfterMs =
      killAfter === undefined ? undefined : parseDurationMs(killAfter, 'kill_after')
    return jobs.stop(pathParameter(request, 'id'), { reason, killAfterMs }, SUBMITTER)
  })

  app.post('/v1/jobs/:id/hold', { bodyLimit: REASON_BYTES_MAX }, async (request) => {
    const { reason } = checkHold(bodyOf(request))
    return jobs.hold(pathParameter(request, 'id'), reason, SUBMITTER)
  })

  app.post('/v1/jobs/:id/release', { bodyLimit: REASON_BYTES_MAX }, async (request) => {
    const body = bodyOf(request)
    if (typeof body !== 'object' || body === null || Object.keys(body).length > 0) {
      throw new MeshError('FIELD_UNKNOWN', 'a release takes no fields')
    }
    return jobs.release(pathParameter(request, 'id'), SUBMITTER)
  })

  // A field to change may be a whole task with its source.
  app.post('/v1/jobs/:id/rerun', { bodyLimit: 2 * LIMITS.taskBytesMax }, async (request, reply) => {
    const job = await jobs.rerun(
      pathParameter(request, 'id'),
      checkRerun(bodyOf(request)),
      SUBMITTER
    )
    return reply.code(201).header('location', `/v1/jobs/${job.id}`).send(job)
  })
}

function bodyOf(request: FastifyRequest): unknown {
  readQuery(request.query, {})
  return request.body === undefined ? {} : request.body
}
