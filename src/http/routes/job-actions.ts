/** What people do to a job that is there: stop it, hold it, release it, run it again. */
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { covers } from '../caller.ts'
import { idempotencyKeyOf } from '../idempotency-key.ts'
import { parseDurationMs } from '../../core/units.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { Caller } from '../caller.ts'
import type { JobServices } from '../services.ts'
import type { RouteContext } from './context.ts'

const STOP_REASON_DEFAULT = 'stopped through the API'

export function addJobActionRoutes(app: FastifyInstance, context: RouteContext<'jobs'>): void {
  const { jobs } = context.services

  serve(app, context, OPERATIONS.stopJob, async ({ body, caller, parameter }) => {
    const { kill_after: killAfter, reason = STOP_REASON_DEFAULT } = body
    const killAfterMs =
      killAfter === undefined ? undefined : parseDurationMs(killAfter, 'kill_after')
    const id = await actedOn(jobs, parameter('id'), caller)
    return jobs.stop(id, { reason, killAfterMs }, caller.submitter)
  })

  serve(app, context, OPERATIONS.holdJob, async ({ body, caller, parameter }) => {
    const id = await actedOn(jobs, parameter('id'), caller)
    return jobs.hold(id, body.reason, caller.submitter)
  })

  serve(app, context, OPERATIONS.releaseJob, async ({ caller, parameter }) => {
    const id = await actedOn(jobs, parameter('id'), caller)
    return jobs.release(id, caller.submitter)
  })

  serve(app, context, OPERATIONS.rerunJob, async ({ body, caller, parameter, reply, request }) => {
    const trace = request.span?.context
    const key = idempotencyKeyOf(request)
    const set = key === undefined ? body.set : { key, ...body.set }
    const wish = set === undefined ? body : { ...body, set }
    const job = await jobs.rerun(parameter('id'), wish, caller.submitter, trace)
    return reply.code(201).header('location', `/v1/jobs/${job.id}`).send(job)
  })
}

/** The job that is acted on, by its whole id where it matters whose it is. @throws MeshError FORBIDDEN */
async function actedOn(jobs: JobServices, id: string, caller: Caller): Promise<string> {
  if (covers(caller.scope, 'operate')) return id
  const { id: jobId, submitter } = await jobs.find(id)
  if (submitter === caller.submitter) return jobId
  throw new MeshError('FORBIDDEN', `${jobId} was handed in by ${submitter}`, {
    hint: `with a token of scope "${caller.scope}" you act on your own jobs (${caller.submitter}); of others, that needs scope "operate"`
  })
}
