/** The two event streams: one job until it has ended, and the connected peers for as long as anybody looks. */
import { readQuery } from '../query.ts'
import { pathParameter } from './context.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { JobEvent } from '../../model/generated/api-job-event.ts'
import type { PeerEvent } from '../../model/generated/api-peer-event.ts'
import type { EventStream, EventStreams } from '../event-stream.ts'
import type { RouteContext } from './context.ts'

const TERMINAL_STATES: readonly JobEvent['state'][] = ['completed', 'failed', 'stopped']

interface Feed<T> {
  subscribe(onEvent: (event: T) => void): Promise<() => void> | (() => void)
  /** Of events with the same key, a slow reader gets only the latest. */
  keyOf(event: T): string
  /** After such an event, there is nothing more to say. */
  isLast(event: T): boolean
}

export function addEventRoutes(app: FastifyInstance, context: RouteContext): void {
  const { services, streams } = context

  app.get('/v1/jobs/:id/events', async (request, reply) => {
    readQuery(request.query, {})
    const id = pathParameter(request, 'id')
    return feed<JobEvent>(reply, streams, {
      subscribe: (onEvent) => services.jobs.watch(id, onEvent),
      keyOf: ({ job_id: job }) => job,
      isLast: ({ state }) => TERMINAL_STATES.includes(state)
    })
  })

  app.get('/v1/peers/events', async (request, reply) => {
    readQuery(request.query, {})
    return feed<PeerEvent>(reply, streams, {
      subscribe: (onEvent) => services.peers.watch(onEvent),
      keyOf: ({ event, peer }) => `${event} ${peer.peer_id}`,
      isLast: () => false
    })
  })
}

/** Subscribes first, so that an error is still an ordinary answer; then the stream begins. */
async function feed<T extends object>(
  reply: FastifyReply,
  streams: EventStreams,
  source: Feed<T>
): Promise<FastifyReply> {
  const place = streams.take()
  const early = new Map<string, T>()
  let stream: EventStream | undefined
  let unsubscribe: (() => void) | undefined
  const deliver = (event: T): void => {
    if (stream === undefined) {
      early.set(source.keyOf(event), event)
      return
    }
    stream.send(source.keyOf(event), event)
    if (source.isLast(event)) stream.end()
  }
  try {
    unsubscribe = await source.subscribe(deliver)
  } catch (cause) {
    place.release()
    throw cause
  }
  reply.hijack()
  reply.raw.once('close', unsubscribe)
  stream = place.open(reply.raw)
  early.forEach(deliver)
  if (reply.raw.closed) {
    // The reader had gone before there was anything to hear "close" with.
    unsubscribe()
    place.release()
  }
  return reply
}
