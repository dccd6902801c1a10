/** What the router knows of the mesh: its workers, its peers and what they did wrong, and its own health. */
import { OPERATIONS } from '../operations.ts'
import { parseRequirement } from '../../model/requirement.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addMeshRoutes(app: FastifyInstance, context: RouteContext): void {
  const { services } = context

  serve(app, context, OPERATIONS.listNodes, async ({ query: { require } }) => {
    require.forEach((condition, index) => parseRequirement(condition, `require[${index}]`))
    return services.nodes.list(require.length === 0 ? {} : { require })
  })

  serve(app, context, OPERATIONS.describeNode, async ({ parameter }) =>
    services.nodes.describe(parameter('peer'))
  )

  serve(app, context, OPERATIONS.listPeers, async () => services.peers.list())

  serve(app, context, OPERATIONS.readSecurity, async () => services.security())

  serve(app, context, OPERATIONS.checkHealth, async () => services.health())
}
