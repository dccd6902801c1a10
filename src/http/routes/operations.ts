/** What an operator does to the mesh: takes workers out of service and back, copies the job store. */
import { MeshError } from '../../core/errors.ts'
import { parseDurationMs } from '../../core/units.ts'
import { validatorFor } from '../../model/validate.ts'
import { readQuery } from '../query.ts'
import { pathParameter } from './context.ts'
import type { FastifyInstance } from 'fastify'
import type { AvailabilityRequest } from '../../model/generated/api-availability.ts'
import type { BackupRequest } from '../../model/generated/api-backup-request.ts'
import type { SetAvailabilityParams } from '../../model/generated/commands-set-availability.ts'
import type { RouteContext } from './context.ts'

const REQUEST_BYTES_MAX = 16_384

const checkAvailability = validatorFor<AvailabilityRequest>('api/availability')
const checkBackup = validatorFor<BackupRequest>('api/backup-request')

export function addOperationRoutes(app: FastifyInstance, { services }: RouteContext): void {
  const options = { bodyLimit: REQUEST_BYTES_MAX }

  app.post('/v1/nodes/:peer/availability', options, async (request) => {
    readQuery(request.query, {})
    const wanted = compileAvailability(checkAvailability(request.body))
    return services.nodes.setAvailability(pathParameter(request, 'peer'), wanted)
  })

  app.post('/v1/store/backup', options, async (request) => {
    readQuery(request.query, {})
    const { file } = checkBackup(request.body === undefined ? {} : request.body)
    return services.backup(file)
  })
}

function compileAvailability({ deadline, ...rest }: AvailabilityRequest): SetAvailabilityParams {
  if (deadline === undefined) return rest
  if (rest.availability === 'draining') {
    return { ...rest, deadline_ms: parseDurationMs(deadline, 'deadline') }
  }
  throw new MeshError('FIELD_INVALID', 'only draining has a deadline', { path: 'deadline' })
}
