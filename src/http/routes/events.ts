/**
 * The one event stream: everything that happens to jobs, workers and connections, numbered, so that a
 * reader that was away goes on after the last event that it has.
 */
import { EVENT_NUMBER } from '../parameters.ts'
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { feed } from '../feed.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { MeshEvent } from '../../model/generated/api-event.ts'
import type { RouteContext } from './context.ts'

export function addEventRoutes(app: FastifyInstance, context: RouteContext<'events'>): void {
  const { clock, services, streams } = context

  serve(app, context, OPERATIONS.watchEvents, async (call) => {
    const { after, job, types } = call.query
    const jobId = job === undefined ? undefined : await services.events.jobId(job)
    const which = defined({ after: lastEventId(call.request, clock) ?? after, jobId })
    return feed(call, streams, (send) =>
      services.events.watch(which, (event) => {
        if (isWanted(event.type, types)) send({ id: event.number, data: event })
      })
    )
  })
}

/** A reader that comes again says where it was; the address it uses is still that of its first visit. */
function lastEventId({ headers }: FastifyRequest, clock: Clock): number | undefined {
  const value = [headers['last-event-id'] ?? ''].flat()[0]
  if (value === undefined || value === '') return undefined
  try {
    return EVENT_NUMBER.read([value], 'after', clock)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', 'Last-Event-ID is not the number of an event', {
      path: 'last-event-id',
      hint: 'send the last id that you have, or none to hear what comes from now on',
      cause
    })
  }
}

/** A gap concerns everybody. */
function isWanted(type: MeshEvent['type'], types: readonly string[]): boolean {
  if (types.length === 0 || type === 'gap') return true
  return types.some((wanted) => type === wanted || type.startsWith(`${wanted}:`))
}
