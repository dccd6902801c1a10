/**
 * One of a router's event streams, read across lost connections and restarts: it is opened again with
 * the id of the last event that came, and the router goes on from there.
 */
import { createParser } from 'eventsource-parser'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { Backoff } from './api-backoff.ts'
import { notARouter, unreachable } from './api-errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Json } from '../core/json.ts'
import type { ApiQuery, ApiTransport } from './api-transport.ts'
import type { EventSourceMessage } from 'eventsource-parser'

export interface StreamRequest extends AbortOptions {
  path: string
  query: ApiQuery
}

/** What a reader of a stream meets. */
export type StreamSign<T> =
  /** From here on everything is told; `isResumed` is false if that was not so since the last opening. */
  { kind: 'opened'; isFirst: boolean; isResumed: boolean } | { kind: 'event'; value: T }

/** Three heartbeats of the server. */
const STREAM_SILENCE_MS_MAX = 45_000

/** A log part has 64 KiB of text at most; no other event comes near that. */
const EVENT_LETTERS_MAX = 1_048_576

/** What came off the wire: an event, or undefined for a heartbeat. */
type Sign = EventSourceMessage | undefined

/** Ends when the router says that nothing more can come, by an error, or by its reader. */
export async function* readStream<T>(
  transport: ApiTransport,
  request: StreamRequest
): AsyncGenerator<StreamSign<T>, void, undefined> {
  const backoff = new Backoff(transport.clock, transport.random)
  let hasOpened = false
  let lastId: string | undefined
  for (;;) {
    let failure = unreachable(transport.origin, new Error('the event stream ended'))
    try {
      for await (const sign of openStream(transport, request, lastId)) {
        if (sign === 'opened') {
          yield { kind: 'opened', isFirst: !hasOpened, isResumed: lastId !== undefined }
          hasOpened = true
          continue
        }
        backoff.reset()
        if (sign === undefined) continue
        if (sign.event === 'end') return
        lastId = sign.id ?? lastId
        yield { kind: 'event', value: valueOf(transport, sign.data) as T }
      }
    } catch (cause) {
      request.signal?.throwIfAborted()
      failure = MeshError.from(cause)
      // A server that feeds too many streams already would rather hear of that than be asked again.
      const isFull = failure.code === 'TOO_MANY_REQUESTS' && !hasOpened
      if (isFull || !transport.isTemporary(failure)) throw cause
    }
    // Each attempt waits for the one before it.
    // oxlint-disable-next-line no-await-in-loop
    await backoff.pause(failure, request)
  }
}

/** One connection, until it ends. */
async function* openStream(
  transport: ApiTransport,
  { path, query, signal }: StreamRequest,
  lastId: string | undefined
): AsyncGenerator<Sign | 'opened', void, undefined> {
  const silence = new SilenceGuard(transport.clock, transport.origin)
  const joined = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal])
  try {
    const headers = {
      accept: 'text/event-stream',
      ...(lastId === undefined ? {} : { 'last-event-id': lastId })
    }
    const { body } = await transport.open(path, { headers, query, signal: joined })
    if (body === null) throw notARouter(transport.origin, 200, '')
    yield 'opened'
    for await (const sign of signsOf(transport.origin, body)) {
      silence.restart()
      yield sign
    }
  } catch (cause) {
    signal?.throwIfAborted()
    silence.signal.throwIfAborted()
    throw cause
  } finally {
    silence.stop()
  }
}

async function* signsOf(
  origin: string,
  body: ReadableStream<Uint8Array>
): AsyncGenerator<Sign, void, undefined> {
  const found: Sign[] = []
  let isTooLong = false
  const parser = createParser({
    onEvent: (message) => found.push(message),
    onComment: () => found.push(undefined),
    onError: ({ type }) => (isTooLong ||= type === 'max-buffer-size-exceeded'),
    maxBufferSize: EVENT_LETTERS_MAX
  })
  const decoder = new TextDecoder()
  try {
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      yield* found.splice(0)
      if (isTooLong) throw notARouter(origin, 200, 'an endless event')
    }
  } catch (cause) {
    throw cause instanceof MeshError ? cause : unreachable(origin, cause)
  }
}

function valueOf(transport: ApiTransport, text: string): Json {
  try {
    return parseJson(text)
  } catch {
    throw notARouter(transport.origin, 200, text)
  }
}

/** Aborts a connection on which not even a heartbeat came, and one that nobody reads any more. */
class SilenceGuard {
  readonly #controller = new AbortController()
  readonly #clock: Clock
  readonly #url: string
  #cancel: () => void = () => undefined

  constructor(clock: Clock, url: string) {
    this.#clock = clock
    this.#url = url
    this.restart()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  restart(): void {
    this.#cancel()
    this.#cancel = this.#clock.after(STREAM_SILENCE_MS_MAX, () =>
      this.#controller.abort(unreachable(this.#url, new Error('its event stream fell silent')))
    )
  }

  stop(): void {
    this.#cancel()
    this.#controller.abort()
  }
}
