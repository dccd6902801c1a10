/** Answers a request with an event stream: from the subscription, over what comes too early, to either side's end. */
import { STREAM_HEADERS } from './event-stream.ts'
import type { FastifyReply } from 'fastify'
import type { Caller } from './caller.ts'
import type { EventStream, EventStreams, StreamFrame } from './event-stream.ts'

/**
 * Begins to watch; may call back at once, and any time before it resolves to what ends the watch.
 * @param end there is nothing more to say
 * @param isReady whether the reader has taken all that was sent
 */
export type Subscribe = (
  send: (frame: StreamFrame) => void,
  end: () => void,
  isReady: () => boolean
) => Promise<() => void> | (() => void)

/** Subscribes first, so that an error is still an ordinary answer; then the stream begins. */
export async function feed(
  { caller, reply }: { caller: Caller; reply: FastifyReply },
  streams: EventStreams,
  subscribe: Subscribe
): Promise<FastifyReply> {
  // A stream of nothing would only hold its place.
  if (reply.request.method === 'HEAD') return reply.headers(STREAM_HEADERS).send('')
  const place = streams.take(caller)
  const backlog: StreamFrame[] = []
  let stream: EventStream | undefined
  let hasEnded = false
  let unsubscribe: () => void
  try {
    unsubscribe = await subscribe(
      (frame) => (stream === undefined ? void backlog.push(frame) : stream.send(frame)),
      () => {
        hasEnded = true
        stream?.finish()
      },
      () => stream?.isIdle === true
    )
  } catch (cause) {
    place.release()
    throw cause
  }
  reply.hijack()
  reply.raw.once('close', unsubscribe)
  stream = place.open(reply.raw, backlog)
  if (hasEnded) stream.finish()
  if (reply.raw.closed) {
    // The reader had gone before there was anything to hear "close" with.
    unsubscribe()
    place.release()
  }
  return reply
}
