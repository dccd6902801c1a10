/** The API's description of itself: made when first asked for, the same for everybody. */
import { OPERATIONS } from '../operations.ts'
import { openApiDocument } from '../openapi.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addDescriptionRoute(app: FastifyInstance, context: RouteContext): void {
  let text: string | undefined
  serve(app, context, OPERATIONS.describeApi, async ({ reply }) => {
    text ??= JSON.stringify(openApiDocument(OPERATIONS))
    return reply.type('application/json; charset=utf-8').send(text)
  })
}
