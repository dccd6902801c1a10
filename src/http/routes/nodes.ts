/** The workers that a node knows. */
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { pageOf } from '../whole-list.ts'
import { parseRequirement } from '../../model/requirement.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { ListOrder } from '../whole-list.ts'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { RouteContext } from './context.ts'

const ORDERS: Readonly<Record<'-score' | 'id', ListOrder<NodeView>>> = {
  '-score': { rankOf: ({ score = 0 }) => -score, idOf: ({ peer_id: peer }) => peer },
  id: { idOf: ({ peer_id: peer }) => peer }
}

export function addNodeRoutes(app: FastifyInstance, context: RouteContext<'nodes'>): void {
  const { nodes } = context.services

  serve(app, context, OPERATIONS.listNodes, async ({ query, reply }) => {
    const { q, require, sort = '-score', state } = query
    require.forEach((condition, index) => parseRequirement(condition, `require[${index}]`))
    const conditions = require.length === 0 ? undefined : require
    const rows = await nodes.list(defined({ require: conditions, state, text: q }))
    return pageOf(rows, ORDERS[sort], { path: '/v1/nodes', query }, reply)
  })

  serve(app, context, OPERATIONS.describeNode, async ({ parameter }) =>
    nodes.describe(parameter('peer'))
  )
}
