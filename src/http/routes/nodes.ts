/** The workers that a node knows. */
import { OPERATIONS } from '../operations.ts'
import { parseRequirement } from '../../model/requirement.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addNodeRoutes(app: FastifyInstance, context: RouteContext<'nodes'>): void {
  const { nodes } = context.services

  serve(app, context, OPERATIONS.listNodes, async ({ query: { require } }) => {
    require.forEach((condition, index) => parseRequirement(condition, `require[${index}]`))
    return nodes.list(require.length === 0 ? {} : { require })
  })

  serve(app, context, OPERATIONS.describeNode, async ({ parameter }) =>
    nodes.describe(parameter('peer'))
  )
}
