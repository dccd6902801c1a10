/** What the router knows of the mesh: its workers, its peers, and its own health. */
import { LIMITS } from '../../core/limits.ts'
import { parseRequirement } from '../../model/requirement.ts'
import { list, readQuery } from '../query.ts'
import { pathParameter } from './context.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

/** The one route that needs no token: a supervisor asks it, and it says nothing of jobs. */
export const HEALTH_ROUTE = '/v1/health'

const NODE_FILTER = { require: list(LIMITS.labelsMax) }

export function addMeshRoutes(app: FastifyInstance, { services }: RouteContext): void {
  app.get('/v1/nodes', async (request) => {
    const { require } = readQuery(request.query, NODE_FILTER)
    require.forEach((condition, index) => parseRequirement(condition, `require[${index}]`))
    return services.nodes.list(require.length === 0 ? {} : { require })
  })

  app.get('/v1/nodes/:peer', async (request) => {
    readQuery(request.query, {})
    return services.nodes.describe(pathParameter(request, 'peer'))
  })

  app.get('/v1/peers', async (request) => {
    readQuery(request.query, {})
    return services.peers.list()
  })

  app.get(HEALTH_ROUTE, async (request) => {
    readQuery(request.query, {})
    return services.health()
  })
}
