/** Named tokens: made, listed, revoked. */
import { OPERATIONS } from '../operations.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addTokenRoutes(app: FastifyInstance, context: RouteContext<'tokens'>): void {
  const { services, streams } = context
  const { tokens } = services

  serve(app, context, OPERATIONS.createToken, async ({ body, reply }) =>
    reply.code(201).send(tokens.create(body))
  )

  serve(app, context, OPERATIONS.listTokens, async () => tokens.list())

  serve(app, context, OPERATIONS.revokeToken, async ({ parameter }) => {
    const revoked = tokens.revoke(parameter('id'))
    streams.dismiss()
    return revoked
  })
}
