/**
 * The one event stream: everything that happens to jobs, workers and connections, numbered, so that a
 * reader that was away goes on after the last event that it has.
 */
import { MeshError } from '../../core/errors.ts'
import { nearestName } from '../../model/validate.ts'
import { feed } from '../feed.ts'
import { defined, integer, list, readQuery, text } from '../query.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { MeshEvent } from '../../model/generated/api-event.ts'
import type { QueryReader } from '../query.ts'
import type { RouteContext } from './context.ts'

type EventType = MeshEvent['type']

const EVENT_TYPES = [
  'gap',
  'job:submitted',
  'job:changed',
  'job:ended',
  'item:ended',
  'attempt:changed',
  'attempt:progress',
  'node:joined',
  'node:changed',
  'node:left',
  'peer:connected',
  'peer:measured',
  'peer:disconnected'
] as const satisfies readonly EventType[]

/** What `types` may name: one type, or all of one area. */
const TYPE_NAMES = [
  ...new Set(EVENT_TYPES.flatMap((type) => [type, type.split(':', 1)[0] as string]))
]

const afterReader = integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

const EVENT_FILTER = { after: afterReader, job: text(), types: eventTypes() }

export function addEventRoutes(app: FastifyInstance, context: RouteContext): void {
  const { events } = context.services

  app.get('/v1/events', async (request, reply) => {
    const { after, job, types } = readQuery(request.query, EVENT_FILTER)
    const jobId = job === undefined ? undefined : await events.jobId(job)
    const which = defined({ after: lastEventId(request) ?? after, jobId })
    return feed(reply, context.streams, (send) =>
      events.watch(which, (event) => {
        if (isWanted(event.type, types)) send({ id: event.number, data: event })
      })
    )
  })
}

/** A reader that comes again says where it was; the address it uses is still that of its first visit. */
function lastEventId({ headers }: FastifyRequest): number | undefined {
  const name = 'last-event-id'
  const value = headers[name]
  return value === undefined || value === '' ? undefined : afterReader([value].flat(), name)
}

/** `types=peer`, `types=job:ended`, several times for several. */
function eventTypes(): QueryReader<readonly string[]> {
  const read = list(TYPE_NAMES.length)
  return (texts, name) => {
    const types = read(texts, name)
    const unknown = types.find((type) => !TYPE_NAMES.includes(type))
    if (unknown === undefined) return types
    const nearest = nearestName(unknown, TYPE_NAMES)
    throw new MeshError('FIELD_INVALID', `there are no events of type "${unknown}"`, {
      path: name,
      hint: nearest === undefined ? `known: ${TYPE_NAMES.join(', ')}` : `did you mean "${nearest}"?`
    })
  }
}

/** A gap concerns everybody. */
function isWanted(type: EventType, types: readonly string[]): boolean {
  if (types.length === 0 || type === 'gap') return true
  return types.some((wanted) => type === wanted || type.startsWith(`${wanted}:`))
}
