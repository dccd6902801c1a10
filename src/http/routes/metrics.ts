/** The node's metrics, for those who may look at its API. */
import { OPERATIONS } from '../operations.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addMetricsRoute(app: FastifyInstance, context: RouteContext<'metrics'>): void {
  serve(app, context, OPERATIONS.readMetrics, async ({ reply }) => {
    const { text, type } = await context.services.metrics.page()
    return reply.type(type).send(text)
  })
}
