/** The mesh as a whole: in numbers, over time, as a graph, and as it changes. */
import { OPERATIONS } from '../operations.ts'
import { feed } from '../feed.ts'
import { pageOf } from '../whole-list.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { ListOrder } from '../whole-list.ts'
import type { RouteContext } from './context.ts'
import type { RouterView } from '../../model/generated/api-router.ts'

/** This node first, if it is one. */
const ROUTERS: ListOrder<RouterView> = {
  rankOf: ({ is_self: isSelf }) => (isSelf ? 0 : 1),
  idOf: ({ peer_id: peer }) => peer
}

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

  serve(app, context, OPERATIONS.listRouters, async ({ query, reply }) => {
    const wanted = query.q?.toLowerCase() ?? ''
    const rows = monitoring
      .routers()
      .filter(({ name = '', peer_id: peer }) =>
        [peer, name].some((text) => text.toLowerCase().includes(wanted))
      )
    return pageOf(rows, ROUTERS, { path: '/v1/routers', query }, reply)
  })

  serve(app, context, OPERATIONS.watchLive, async (call) =>
    feed(call, streams, (send, _end, isReady) =>
      monitoring.watch({ scope: call.caller.scope, isReady, send: (text) => send({ data: text }) })
    )
  )
}
