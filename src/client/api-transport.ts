/**
 * Requests to a router's HTTP API and their answers, for `ApiClient`: addresses, token, time limits,
 * errors, event streams. A router that has answered once is known to exist, so that a later outage is
 * taken for a restart and waited for; one that never answered is reported at once.
 */
import { createParser } from 'eventsource-parser'
import { withTimeLimit } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import { Backoff } from './api-backoff.ts'
import { fromProblem, notARouter, unreachable } from './api-errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

export interface ApiTransportInit {
  url: string
  token: string | undefined
  fetch: typeof globalThis.fetch
  clock: Clock
  random: Random
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

export interface ApiRequest extends AbortOptions {
  method?: 'GET' | 'POST'
  query?: Query
  /** Sent as JSON. */
  body?: unknown
  /** @default 60_000 */
  timeoutMs?: number
}

export interface ApiAnswer<T> {
  value: T
  headers: Headers
}

/** Generous: lists and plans take milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000

/** Three heartbeats of the server. */
const STREAM_SILENCE_MS_MAX = 45_000

/** No event of ours comes near it. */
const EVENT_LETTERS_MAX = 1_048_576

export class ApiTransport {
  readonly #init: ApiTransportInit
  readonly #base: URL
  #hasAnswered = false

  constructor(init: ApiTransportInit) {
    this.#init = init
    this.#base = baseOf(init.url)
  }

  /** @throws MeshError as the router's problem says; API_UNREACHABLE, RESPONSE_TIMED_OUT, RESPONSE_INVALID */
  async request<T>(path: string, request: ApiRequest = {}): Promise<ApiAnswer<T>> {
    const body = encodeBody(request.body)
    const limit = {
      clock: this.#init.clock,
      timeoutMs: request.timeoutMs ?? REQUEST_TIMEOUT_MS,
      code: 'RESPONSE_TIMED_OUT' as const,
      message: `the router at ${this.#base.origin} gave no answer in time`,
      signal: request.signal
    }
    return withTimeLimit(limit, async (signal) => {
      const response = await this.#fetch(path, request, {
        method: request.method ?? 'GET',
        headers: this.#headers(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(body === undefined ? {} : { body }),
        signal
      })
      const text = await this.#textOf(response)
      if (!response.ok) throw this.#refusal(response, text)
      try {
        const value = JSON.parse(text) as T
        this.#hasAnswered = true
        return { value, headers: response.headers }
      } catch {
        throw notARouter(this.#base.origin, response.status, text)
      }
    })
  }

  /** Events of a stream, across restarts of the router; ends only by an error or by its reader. */
  async *events<T>(path: string, options: AbortOptions = {}): AsyncGenerator<T, void, undefined> {
    const backoff = new Backoff(this.#init.clock, this.#init.random)
    let hasOpened = false
    const onSign = (): void => {
      hasOpened = true
      backoff.reset()
    }
    for (;;) {
      let failure = unreachable(this.#base.origin, new Error('the event stream ended'))
      try {
        yield* this.#readStream<T>(path, onSign, options.signal)
      } catch (cause) {
        options.signal?.throwIfAborted()
        failure = MeshError.from(cause)
        // A server that feeds too many streams already would rather hear of that than be asked again.
        const isFull = failure.code === 'TOO_MANY_REQUESTS' && !hasOpened
        if (isFull || !this.isTemporary(failure)) throw cause
      }
      // Each attempt waits for the one before it.
      // oxlint-disable-next-line no-await-in-loop
      await backoff.pause(failure, options)
    }
  }

  /** True when asking the same again later makes sense. */
  isTemporary(error: MeshError): boolean {
    return this.#hasAnswered && error.retryable
  }

  async *#readStream<T>(
    path: string,
    onSign: () => void,
    signal: AbortSignal | undefined
  ): AsyncGenerator<T, void, undefined> {
    const silence = new SilenceGuard(this.#init.clock, this.#base.origin)
    const joined = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal])
    try {
      const headers = this.#headers({ accept: 'text/event-stream' })
      const response = await this.#fetch(path, {}, { headers, signal: joined })
      if (!response.ok || response.body === null) {
        throw this.#refusal(response, await this.#textOf(response))
      }
      this.#hasAnswered = true
      for await (const text of this.#chunksOf(response.body)) {
        silence.restart()
        onSign()
        yield* this.#parse<T>(text)
      }
    } catch (cause) {
      signal?.throwIfAborted()
      silence.signal.throwIfAborted()
      throw cause
    } finally {
      silence.stop()
    }
  }

  async *#chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
    const found: string[] = []
    let isTooLong = false
    const parser = createParser({
      onEvent: ({ data }) => found.push(data),
      onComment: () => found.push(''),
      onError: ({ type }) => (isTooLong ||= type === 'max-buffer-size-exceeded'),
      maxBufferSize: EVENT_LETTERS_MAX
    })
    const decoder = new TextDecoder()
    try {
      for await (const chunk of body) {
        parser.feed(decoder.decode(chunk, { stream: true }))
        yield* found.splice(0)
        if (isTooLong) throw notARouter(this.#base.origin, 200, 'an endless event')
      }
    } catch (cause) {
      throw cause instanceof MeshError ? cause : unreachable(this.#base.origin, cause)
    }
  }

  *#parse<T>(text: string): Generator<T, void, undefined> {
    if (text === '') return
    try {
      yield parseJson(text) as T
    } catch {
      throw notARouter(this.#base.origin, 200, text)
    }
  }

  async #fetch(path: string, { query }: ApiRequest, init: RequestInit): Promise<Response> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base)
    for (const [name, value] of Object.entries(query ?? {})) {
      for (const each of [value ?? []].flat()) url.searchParams.append(name, String(each))
    }
    try {
      // A router never redirects, and a token must not follow somebody else's wish.
      return await this.#init.fetch(url, { ...init, redirect: 'manual' })
    } catch (cause) {
      init.signal?.throwIfAborted()
      throw unreachable(this.#base.origin, cause)
    }
  }

  async #textOf(response: Response): Promise<string> {
    try {
      return await response.text()
    } catch (cause) {
      throw unreachable(this.#base.origin, cause)
    }
  }

  #refusal(response: Response, text: string): MeshError {
    const problem = fromProblem(text)
    if (problem === undefined) return notARouter(this.#base.origin, response.status, text)
    this.#hasAnswered = true
    return problem
  }

  #headers(headers: Record<string, string>): Record<string, string> {
    const { token } = this.#init
    return token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` }
  }
}

/** Aborts a stream on which not even a heartbeat came. */
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
  }
}

/** `127.0.0.1:51880` is taken as an http address. @throws MeshError CONFIG_INVALID */
function baseOf(text: string): URL {
  const full = text.includes('://') ? text : `http://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  throw new MeshError('CONFIG_INVALID', `"${text}" is not the address of an HTTP API`, {
    path: '--api',
    hint: 'write it as http://127.0.0.1:51880'
  })
}

function encodeBody(body: unknown): string | undefined {
  if (body === undefined) return undefined
  const text = JSON.stringify(body)
  if (Buffer.byteLength(text) <= LIMITS.submissionBytesMax) return text
  // The router would refuse it too, but by closing the connection in the middle of it.
  throw new MeshError(
    'REQUEST_TOO_LARGE',
    `the job document is longer than ${LIMITS.submissionBytesMax} bytes`,
    { hint: 'split it into several jobs' }
  )
}
