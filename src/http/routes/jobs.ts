/** Looking at jobs, and waiting for them. What they mean is decided behind `ApiServices`. */
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { linkNext } from '../next-page.ts'
import { leavingSignal } from './leaving.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addJobRoutes(app: FastifyInstance, context: RouteContext<'jobs'>): void {
  const { jobs } = context.services

  serve(app, context, OPERATIONS.listJobs, async ({ query, reply }) => {
    const { label, limit, q, since, ...same } = query
    const { next, rows } = await jobs.list({
      ...defined({ ...same, labels: label, sinceMs: since, text: q }),
      limit
    })
    if (next !== undefined) {
      const labels = Object.entries(label ?? {}).map(([name, value]) => `${name}=${value}`)
      // A moment that was said to be so long ago would be another one by then.
      const from = since === undefined ? undefined : new Date(since).toISOString()
      linkNext(reply, '/v1/jobs', { ...same, label: labels, since: from, q, after: next, limit })
    }
    return rows
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

  serve(app, context, OPERATIONS.listAttempts, async ({ parameter, query, reply }) => {
    const { limit, ...filter } = query
    const id = parameter('id')
    const rows = await jobs.attempts(id, { ...defined(filter), limit })
    // The last item of a page comes with all its attempts.
    const last = rows.length >= limit ? rows.at(-1)?.index : undefined
    if (last !== undefined && filter.item === undefined)
      linkNext(reply, `/v1/jobs/${encodeURIComponent(id)}/attempts`, { after: last, limit })
    return rows
  })

  serve(app, context, OPERATIONS.readHistory, async ({ parameter, query }) =>
    jobs.history(parameter('id'), defined(query))
  )

  serve(app, context, OPERATIONS.listReceipts, async ({ parameter, query, reply }) => {
    const { limit, ...filter } = query
    const id = parameter('id')
    const { next, rows } = await jobs.receipts(id, { ...defined(filter), limit })
    const path = `/v1/jobs/${encodeURIComponent(id)}/receipts`
    if (next !== undefined) linkNext(reply, path, { ...filter, after: next, limit })
    return rows
  })

  serve(app, context, OPERATIONS.explainJob, async ({ parameter, query }) => {
    const { why_not: whyNot, ...which } = query
    return jobs.explain(parameter('id'), defined({ ...which, whyNot }))
  })
}
