/** What an operator does: takes workers out of service and back, copies the job store. */
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { parseDurationMs } from '../../core/units.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { Caller } from '../caller.ts'
import type { AvailabilityRequest } from '../../model/generated/api-availability.ts'
import type { SetAvailabilityParams } from '../../model/generated/commands-set-availability.ts'
import type { RouteContext } from './context.ts'

export function addOperatorRoutes(
  app: FastifyInstance,
  context: RouteContext<'availability' | 'backup'>
): void {
  const { services } = context

  serve(app, context, OPERATIONS.setAvailability, async ({ body, parameter }) =>
    services.availability.set(parameter('peer'), compileAvailability(body))
  )

  serve(app, context, OPERATIONS.backupStore, async ({ body, caller }) => {
    if (body.file !== undefined) requireOwner(caller)
    return services.backup(body.file)
  })
}

/**
 * A file of one's own anywhere on the machine is a right on the machine, which no token of the API is meant to be.
 * @throws MeshError FORBIDDEN
 */
function requireOwner({ submitter, tokenId }: Caller): void {
  if (tokenId === undefined) return
  throw new MeshError('FORBIDDEN', `the token of ${submitter} may not say where a backup lies`, {
    path: 'file',
    hint: "leave it out: the backup lies beside the store; only the router's own token names another place"
  })
}

function compileAvailability({ deadline, ...rest }: AvailabilityRequest): SetAvailabilityParams {
  if (deadline === undefined) return rest
  if (rest.availability === 'draining') {
    return { ...rest, deadline_ms: parseDurationMs(deadline, 'deadline') }
  }
  throw new MeshError('FIELD_INVALID', 'only draining has a deadline', { path: 'deadline' })
}
