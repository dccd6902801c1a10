/**
 * The HTTP API, as pages ask it: of the router that is looked at, with the token of the session. Problems
 * are thrown as `MeshError` with code, message, path and hint. A refused token ends the session; one of a router
 * that is looked at through a monitor is only forgotten.
 */
import { ApiTransport } from '../../client/api-transport.ts'
import { MeshError } from '../../core/errors.ts'
import { PLACE } from './place.ts'
import {
  apiBase,
  credentialsFor,
  farRouter,
  forgetRouterToken,
  routerToken,
  signOut,
  token
} from './session.ts'
import { nextOf } from '../../client/api-caller.ts'
import { readStream } from '../../client/api-stream.ts'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import type { ApiQuery, ApiRequest } from '../../client/api-transport.ts'
import type { StreamSign } from '../../client/api-stream.ts'

/** A page of a list, and where the next one begins. */
export interface Rows<T> {
  rows: T[]
  next: string | undefined
}

export interface Ask {
  query?: ApiQuery
  signal?: AbortSignal | undefined
}

type Body = Pick<ApiRequest, 'body' | 'method'>

export interface StreamAsk extends Ask {
  /** Called whenever the stream is asked for: at first, and each time that it broke. */
  onAttempt?: () => void
  /** Called when the answer is that there is nobody to answer, though it will be asked for again. */
  onAbsence?: () => void
}

/** `/jobs` of what is looked at. @throws MeshError */
export async function get<T>(path: string, ask: Ask = {}): Promise<T> {
  return (await request<T>(path, ask)).value
}

/** One page of a list. @throws MeshError */
export async function getRows<T>(path: string, ask: Ask = {}): Promise<Rows<T>> {
  const { headers, value } = await request<T[]>(path, ask)
  return { rows: value, next: nextOf(headers) }
}

export async function post<T>(path: string, body: unknown = {}, ask: Ask = {}): Promise<T> {
  return (await request<T>(path, { ...ask, method: 'POST', body })).value
}

export async function put(path: string, bytes: Uint8Array, ask: Ask = {}): Promise<void> {
  await request(path, { ...ask, method: 'PUT', body: bytes })
}

/** `delete` is a word of the language. */
export async function remove<T>(path: string, ask: Ask = {}): Promise<T> {
  return (await request<T>(path, { ...ask, method: 'DELETE' })).value
}

/** The bytes of a file or a log: what the page saves. @throws MeshError */
export async function getBlob(path: string, ask: Ask = {}): Promise<Blob> {
  const response = await guarded(() => transport().open(pathOf(path), requestOf(ask)))
  return response.blob()
}

/** Of the server that gave out the pages, whichever router is looked at. */
export async function getOwn<T>(path: string, ask: Ask = {}): Promise<T> {
  return (await guarded(() => transport().request<T>(`/v1${path}`, requestOf(ask)))).value
}

/** Whether a router behind a monitor knows this token of its own. @throws MeshError UNAUTHORISED if not */
export async function tryRouterToken(text: string, signal: AbortSignal): Promise<void> {
  const headers = { 'router-authorization': `Bearer ${text}` }
  await transport().request(pathOf('/overview'), { headers, signal })
}

/** Server-sent events, over lost connections. @throws MeshError for what won't pass */
export async function* stream<T>(
  path: string,
  { query = {}, signal, ...news }: StreamAsk = {}
): AsyncGenerator<StreamSign<T>, void> {
  const shown = shownNow()
  try {
    const wish = { path: pathOf(path), query, ...(signal && { signal }) }
    yield* readStream<T>(createTransport(news), wish)
  } catch (cause) {
    forgetRefused(cause, shown)
    throw cause
  }
}

async function request<T>(
  path: string,
  ask: Ask & Body
): ReturnType<typeof ApiTransport.prototype.request<T>> {
  return guarded(() => transport().request<T>(pathOf(path), requestOf(ask)))
}

/** What is undefined is left out. */
function requestOf({ signal, ...rest }: Ask & Body): ApiRequest {
  return signal === undefined ? rest : { ...rest, signal }
}

function pathOf(path: string): string {
  return `/${apiBase.value}${path}`
}

let current: { token: string | undefined; transport: ApiTransport } | undefined

/** One for each session: it remembers that the server has answered before. */
function transport(): ApiTransport {
  if (current === undefined || current.token !== token.value) {
    current = { token: token.value, transport: createTransport() }
  }
  return current.transport
}

/** What a server says for one behind it that can't be reached. */
const ABSENT = [502, 503, 504]

function createTransport({ onAbsence, onAttempt }: StreamAsk = {}): ApiTransport {
  return new ApiTransport({
    url: `${location.origin}${PLACE}`,
    // Which tokens are shown depends on who is asked.
    token: undefined,
    fetch: async (input, { headers, ...init } = {}) => {
      onAttempt?.()
      const url = new URL(input instanceof Request ? input.url : input)
      const answer = await globalThis.fetch(url, {
        ...init,
        headers: { ...credentialsFor(url), ...Object.fromEntries(new Headers(headers)) }
      })
      if (ABSENT.includes(answer.status)) onAbsence?.()
      return answer
    },
    clock: systemClock,
    random: systemRandom
  })
}

async function guarded<T>(ask: () => Promise<T>): Promise<T> {
  const shown = shownNow()
  try {
    return await ask()
  } catch (cause) {
    forgetRefused(cause, shown)
    throw cause
  }
}

interface Shown {
  token: string | undefined
  routerToken: string | undefined
}

function shownNow(): Shown {
  return { token: token.value, routerToken: routerToken.value }
}

/** A router's own token is forgotten first: if it was not that one, the next request says so. */
function forgetRefused(cause: unknown, shown: Shown): void {
  if (!(cause instanceof MeshError) || cause.code !== 'UNAUTHORISED') return
  if (shown.token !== token.value || shown.token === undefined) return
  if (shown.routerToken !== routerToken.value) return
  if (farRouter.value !== undefined && shown.routerToken !== undefined) {
    forgetRouterToken(farRouter.value.peer_id, "This router's token is not the one, or it is over.")
  } else {
    signOut('This token is not the one, or it is over.')
  }
}
