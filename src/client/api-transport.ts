/**
 * Requests to a router's HTTP API and their answers, for `ApiClient`: addresses, token, time limits,
 * errors. A router that has answered once is known to exist, so that a later outage is taken for a
 * restart and waited for; one that never answered is reported at once.
 */
import { formatBytes } from '../core/units.ts'
import { withTimeLimit } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { fromProblem, notARouter, unreachable } from './api-errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { TraceContext } from '../model/trace-context.ts'

export interface ApiTransportInit {
  url: string
  token: string | undefined
  trace?: TraceContext | undefined
  fetch: typeof globalThis.fetch
  clock: Clock
  random: Random
}

export type ApiQuery = Readonly<Record<string, string | number | readonly string[] | undefined>>

export interface ApiRequest extends AbortOptions {
  method?: 'DELETE' | 'GET' | 'POST' | 'PUT'
  query?: ApiQuery
  headers?: Readonly<Record<string, string>>
  /** Sent as JSON; bytes as they are. */
  body?: unknown
  /** @default 60_000 */
  timeoutMs?: number
}

export interface ApiAnswer<T> {
  value: T
  status: number
  headers: Headers
}

/** An answer without a body. */
const NO_CONTENT = 204

/** Generous: lists and plans take milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000

export class ApiTransport {
  readonly clock: Clock
  readonly random: Random
  readonly #fetch: typeof globalThis.fetch
  readonly #token: string | undefined
  readonly #trace: TraceContext | undefined
  readonly #base: URL
  #hasAnswered = false

  constructor(init: ApiTransportInit) {
    this.clock = init.clock
    this.random = init.random
    this.#fetch = init.fetch
    this.#token = init.token
    this.#trace = init.trace
    this.#base = baseOf(init.url)
  }

  /** Where the router is, for errors. */
  get origin(): string {
    return `${this.#base.protocol}//${this.#base.host}`
  }

  /** @throws MeshError as the router's problem says; API_UNREACHABLE, RESPONSE_TIMED_OUT, RESPONSE_INVALID */
  async request<T>(path: string, request: ApiRequest = {}): Promise<ApiAnswer<T>> {
    const limit = {
      clock: this.clock,
      timeoutMs: request.timeoutMs ?? REQUEST_TIMEOUT_MS,
      code: 'RESPONSE_TIMED_OUT' as const,
      message: `the router at ${this.origin} gave no answer in time`,
      signal: request.signal
    }
    return withTimeLimit(limit, async (signal) => {
      const response = await this.open(path, { ...request, signal })
      const text = await this.#textOf(response)
      try {
        const value = (response.status === NO_CONTENT ? undefined : JSON.parse(text)) as T
        return { value, status: response.status, headers: response.headers }
      } catch {
        throw notARouter(this.origin, response.status, text)
      }
    })
  }

  /** An answer whose body has not been read yet. @throws MeshError as `request`, but for its time limit */
  async open(path: string, request: ApiRequest): Promise<Response> {
    const { headers, method = 'GET', query, signal } = request
    const body = encodeBody(request.body)
    const response = await this.#send(this.#urlOf(path, query), {
      method,
      headers: {
        ...this.#trace,
        ...headers,
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': typeOf(body) })
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal })
    })
    if (!response.ok) throw this.#refusal(response, await this.#textOf(response))
    this.#hasAnswered = true
    return response
  }

  /** True when asking the same again later makes sense. */
  isTemporary(error: MeshError): boolean {
    return this.#hasAnswered && error.retryable
  }

  #urlOf(path: string, query: ApiQuery = {}): URL {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base)
    for (const [name, value] of Object.entries(query)) {
      for (const each of [value ?? []].flat()) url.searchParams.append(name, String(each))
    }
    return url
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    try {
      // A router never redirects, and a token must not follow somebody else's wish.
      return await this.#fetch(url, { ...init, redirect: 'manual' })
    } catch (cause) {
      init.signal?.throwIfAborted()
      throw unreachable(this.origin, cause)
    }
  }

  async #textOf(response: Response): Promise<string> {
    try {
      return await response.text()
    } catch (cause) {
      throw unreachable(this.origin, cause)
    }
  }

  #refusal(response: Response, text: string): MeshError {
    const problem = fromProblem(text, response.headers)
    if (problem === undefined) return notARouter(this.origin, response.status, text)
    this.#hasAnswered = true
    return problem
  }
}

/** `127.0.0.1:51880` is taken as an http address; that of a peer needs a `fetch` of its own. @throws MeshError CONFIG_INVALID */
function baseOf(text: string): URL {
  const full = text.includes('://') ? text : `http://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  if (url !== undefined && /^(https?|libp2p):$/.test(url.protocol)) return url
  throw new MeshError('CONFIG_INVALID', `"${text}" is not the address of an HTTP API`, {
    path: '--api',
    hint: 'write it as http://127.0.0.1:51880'
  })
}

function typeOf(body: string | Uint8Array<ArrayBuffer>): string {
  return typeof body === 'string' ? 'application/json' : 'application/octet-stream'
}

function encodeBody(body: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined) return undefined
  // Nobody shares the memory that is read from files.
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>
  const text = JSON.stringify(body)
  if (byteLengthOf(text) <= LIMITS.submissionBytesMax) return text
  // The router would refuse it too, but by closing the connection in the middle of it.
  throw new MeshError(
    'REQUEST_TOO_LARGE',
    `the job document is longer than ${formatBytes(LIMITS.submissionBytesMax)}`,
    { hint: 'split it into several jobs' }
  )
}

/** Of a letter there are three bytes at most, for each half of a pair; most texts need no second look. */
function byteLengthOf(text: string): number {
  const atMost = 3 * text.length
  return atMost <= LIMITS.submissionBytesMax ? atMost : new TextEncoder().encode(text).byteLength
}
