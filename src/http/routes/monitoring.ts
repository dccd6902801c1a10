/** The mesh as a whole: in numbers, over time, as a graph, and as it changes. */
import { OPERATIONS } from '../operations.ts'
import { feed } from '../feed.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addMonitoringRoutes(
  app: FastifyInstance,
  context: RouteContext<'monitoring'>
): void {
  const { services, streams } = context
  const { monitoring } = services

  serve(app, context, OPERATIONS.readOverview, async ({ caller }) => ({
    ...(await monitoring.overview()),
    scope: caller.scope
  }))

  serve(app, context, OPERATIONS.readSeries, async ({ query }) => monitoring.series(query.span))

  serve(app, context, OPERATIONS.readMap, async () => monitoring.map())

  serve(app, context, OPERATIONS.listRouters, async () => monitoring.routers())

  serve(app, context, OPERATIONS.watchLive, async (call) =>
    feed(call, streams, (send, _end, isReady) =>
      monitoring.watch({ scope: call.caller.scope, isReady, send: (text) => send({ data: text }) })
    )
  )
}
