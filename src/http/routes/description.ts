/** The API's description of itself, of no more than this node has: made when first asked for, the same for everybody. */
import { OPERATIONS } from '../operations.ts'
import { openApiDocument } from '../openapi.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { Operation } from '../operation.ts'
import type { RouteContext } from './context.ts'

export function addDescriptionRoute(app: FastifyInstance, context: RouteContext): void {
  let text: string | undefined
  serve(app, context, OPERATIONS.describeApi, async ({ reply }) => {
    text ??= JSON.stringify(openApiDocument(named(context.operations)))
    return reply.type('application/json; charset=utf-8').send(text)
  })
}

/** In the order of the table. */
function named(operations: ReadonlySet<Operation>): Record<string, Operation> {
  const all = Object.entries<Operation>(OPERATIONS)
  return Object.fromEntries(all.filter(([, operation]) => operations.has(operation)))
}
