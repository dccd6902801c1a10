/** Looking at jobs, and waiting for them. What they mean is decided behind `ApiServices`. */
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { leavingSignal } from './leaving.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addJobRoutes(app: FastifyInstance, context: RouteContext): void {
  const { jobs } = context.services

  serve(app, context, OPERATIONS.listJobs, async ({ query }) => {
    const { label, limit, since, ...filter } = query
    return jobs.list({ ...defined({ ...filter, labels: label, sinceMs: since }), limit })
  })

  serve(app, context, OPERATIONS.describeJob, async ({ parameter }) =>
    jobs.describe(parameter('id'))
  )

  serve(app, context, OPERATIONS.readDocument, async ({ parameter }) =>
    jobs.document(parameter('id'))
  )

  serve(app, context, OPERATIONS.waitForJob, async ({ parameter, query, reply }) =>
    jobs.wait(parameter('id'), {
      timeoutMs: query.timeout,
      signal: leavingSignal(reply, context.stopping)
    })
  )

  serve(app, context, OPERATIONS.listAttempts, async ({ parameter, query }) => {
    const { limit, ...filter } = query
    return jobs.attempts(parameter('id'), { ...defined(filter), limit })
  })

  serve(app, context, OPERATIONS.readHistory, async ({ parameter, query }) =>
    jobs.history(parameter('id'), defined(query))
  )

  serve(app, context, OPERATIONS.listReceipts, async ({ parameter, query }) => {
    const { limit, ...filter } = query
    return jobs.receipts(parameter('id'), { ...defined(filter), limit })
  })

  serve(app, context, OPERATIONS.explainJob, async ({ parameter, query }) => {
    const { why_not: whyNot, ...which } = query
    return jobs.explain(parameter('id'), defined({ ...which, whyNot }))
  })
}
