/** What the parts of `ApiClient` have in common: one router, asked with GET, POST, PUT and DELETE. */
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { ApiTransport } from './api-transport.ts'
import { fetchTrusting } from './api-https.ts'
import type { MeshError } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { ApiRequest } from './api-transport.ts'
import type { TraceContext } from '../model/trace-context.ts'

export interface ApiClientInit {
  /** Such as `http://127.0.0.1:51880`. */
  url: string
  token?: string | undefined
  /** Certificates to trust (PEM) and no others: the router's own, or that of its authority. @default the system's */
  ca?: string | undefined
  /** What all that is asked is a part of, by W3C Trace Context. @default nothing */
  trace?: TraceContext | undefined
}

export interface ApiClientComponents {
  fetch?: typeof globalThis.fetch
  clock?: Clock
  random?: Random
}

export class ApiCaller {
  protected readonly transport: ApiTransport

  /** @throws MeshError CONFIG_INVALID if `url` is no address, or `ca` no certificate */
  constructor(init: ApiClientInit, components: ApiClientComponents = {}) {
    this.transport = new ApiTransport({
      url: init.url,
      token: init.token,
      trace: init.trace,
      fetch: components.fetch ?? fetchFor(init.ca),
      clock: components.clock ?? systemClock,
      random: components.random ?? systemRandom
    })
  }

  /** True when asking the same again later makes sense: the router is known to exist, and may come back. */
  isTemporary(failure: MeshError): boolean {
    return this.transport.isTemporary(failure)
  }

  protected async get<T>(path: string, request: ApiRequest): Promise<T> {
    return (await this.transport.request<T>(path, request)).value
  }

  /** A list that comes in pages, fetched as it is read. */
  protected async *pages<T>(
    path: string,
    { limit, ...request }: ApiRequest & { limit: number }
  ): AsyncGenerator<T, void> {
    let after: string | undefined
    do {
      // oxlint-disable-next-line no-await-in-loop -- only what is read is fetched
      const { headers, value } = await this.transport.request<T[]>(path, {
        ...request,
        query: { ...request.query, limit, after }
      })
      yield* value
      after = nextOf(headers)
    } while (after !== undefined)
  }

  protected async post<T>(path: string, body: unknown, request: ApiRequest): Promise<T> {
    return (await this.transport.request<T>(path, { ...request, method: 'POST', body })).value
  }

  protected async put(path: string, body: Uint8Array, request: ApiRequest): Promise<void> {
    await this.transport.request(path, { ...request, method: 'PUT', body })
  }

  protected async delete<T>(path: string, request: ApiRequest): Promise<T> {
    return (await this.transport.request<T>(path, { ...request, method: 'DELETE' })).value
  }
}

function fetchFor(ca: string | undefined): typeof globalThis.fetch {
  return ca === undefined ? globalThis.fetch : fetchTrusting(ca)
}

/** The `after` of the next page. */
export function nextOf(headers: Headers): string | undefined {
  const next = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
  if (next === undefined) return undefined
  return new URL(next, 'http://router').searchParams.get('after') ?? undefined
}

export function jobPath(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`
}
