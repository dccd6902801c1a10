/**
 * Handing in: one job, or several that need each other. An `Idempotency-Key` header is the key of a job
 * that names none, so that any program can repeat a submission whose answer it never got.
 */
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { idempotencyKeyOf } from '../idempotency-key.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

type JsonObject = Record<string, unknown>

export function addSubmissionRoutes(app: FastifyInstance, context: RouteContext<'jobs'>): void {
  const { jobs } = context.services

  serve(app, context, OPERATIONS.submitJob, async ({ body, caller, reply, request }) => {
    const { submitter } = caller
    const trace = request.span?.context
    const key = idempotencyKeyOf(request)
    if (isGraph(body)) {
      return reply.code(201).send(await jobs.submitGraph(withKeys(body, key), submitter, trace))
    }
    const { job, isNew } = await jobs.submit(withKey(body, key), submitter, trace)
    return reply
      .code(isNew ? 201 : 200)
      .header('location', `/v1/jobs/${job.id}`)
      .send(job)
  })

  serve(app, context, OPERATIONS.planJob, async ({ body, query }) => {
    if (!isGraph(body)) return jobs.plan(body, query.all === 'true')
    throw new MeshError('FIELD_INVALID', 'a graph of jobs has no plan', {
      path: 'jobs',
      hint: 'plan its jobs one by one'
    })
  })
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What has both is a job with a field too many, and refused as such. */
function isGraph(document: unknown): document is JsonObject {
  return isObject(document) && Object.hasOwn(document, 'jobs') && !Object.hasOwn(document, 'task')
}

function withKey(document: unknown, key: string | undefined): unknown {
  const isLacking = isObject(document) && !Object.hasOwn(document, 'key')
  return isLacking && key !== undefined ? { ...document, key } : document
}

/** Each of its jobs gets a key of its own. */
function withKeys(graph: JsonObject, key: string | undefined): JsonObject {
  const { jobs } = graph
  if (key === undefined || !isObject(jobs)) return graph
  const keyed = Object.entries(jobs).map(([name, job]) => [name, withKey(job, `${key}/${name}`)])
  return { ...graph, jobs: Object.fromEntries(keyed) }
}
