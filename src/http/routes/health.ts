/** Whether a node can do its work: what a supervisor asks. */
import { OPERATIONS } from '../operations.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addHealthRoute(app: FastifyInstance, context: RouteContext<'health'>): void {
  serve(app, context, OPERATIONS.checkHealth, async () => context.services.health())
}
