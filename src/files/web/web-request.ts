/**
 * Opens what is at an https: address: looks where the name leads before anything is sent there, at each redirect
 * anew, and connects to no address but those that were looked at. Errors have `from` for their path.
 */
import { isIP } from 'node:net'
import { lookup } from 'node:dns/promises'
import { request } from 'node:https'
import { deferred } from '../../core/abort.ts'
import { AGENT } from '../../core/version.ts'
import { isPublicAddress } from '../../core/public-address.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import type { IncomingMessage } from 'node:http'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { RequestOptions } from 'node:https'

/**
 * How far a router may be sent by whoever submits a job. `public`: to what the whole internet can reach. `any`: into
 * its own network, too.
 */
export type WebReach = 'off' | 'public' | 'any'

export interface WebRequestInit {
  reach: Exclude<WebReach, 'off'>
  signal: AbortSignal
  /** Certificates that count in the place of those of the system, in PEM. */
  ca?: string | undefined
}

/** What links to a file usually need is one or two. */
const REDIRECTS_MAX = 5

/** May come right by itself. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/**
 * @returns the answer, of which nothing is read yet
 * @throws MeshError FIELD_INVALID for an address that is refused; FILE_UNAVAILABLE; the signal's reason
 */
export async function openWeb(address: string, init: WebRequestInit): Promise<IncomingMessage> {
  let url = new URL(address)
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each answer says where the next request goes
    const answer = await send(url, init)
    const { statusCode: status = 0, headers } = answer
    if (status === 200) return answer
    answer.destroy()
    const isRedirect = status >= 301 && status <= 308 && headers.location !== undefined
    if (!isRedirect) throw badStatus(url, status)
    url = nextUrl(url, headers.location as string)
  }
  const message = `${address} leads on more than ${REDIRECTS_MAX} times`
  throw new MeshError('FILE_UNAVAILABLE', message, { path: 'from', retryable: false })
}

async function send(url: URL, init: WebRequestInit): Promise<IncomingMessage> {
  const { ca, signal } = init
  const options: RequestOptions = {
    signal,
    // No connection is kept for another request: it may go to another address.
    agent: false,
    headers: { 'accept-encoding': 'identity', 'user-agent': AGENT },
    lookup: await fixedLookup(url, init),
    ...(ca === undefined ? {} : { ca })
  }
  const answer = deferred<IncomingMessage>()
  request(url, options, answer.resolve).on('error', answer.reject).end()
  try {
    return await answer.promise
  } catch (cause) {
    signal.throwIfAborted()
    throw unreachable(url, cause)
  }
}

/** Gives the addresses that were looked at, whatever the name leads to a moment later. */
async function fixedLookup(url: URL, { reach, signal }: WebRequestInit): Promise<LookupFunction> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await resolve(host, url)
  signal.throwIfAborted()
  const allowed = addresses.filter(({ address }) => reach === 'any' || isPublicAddress(address))
  const [first] = allowed
  if (first === undefined) {
    const message = `${url.host} is an address of this machine or its own network, which jobs may not have fetched from`
    throw new MeshError('FIELD_INVALID', message, {
      path: 'from',
      hint: 'add the file with `taskmesh files add`, or start the router with --https-inputs any',
      blame: 'job'
    })
  }
  return (_host, { all }, callback) => {
    if (all === true) callback(null, allowed)
    else callback(null, first.address, first.family)
  }
}

async function resolve(host: string, url: URL): Promise<LookupAddress[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  try {
    return await lookup(host, { all: true })
  } catch (cause) {
    throw unreachable(url, cause)
  }
}

function nextUrl(from: URL, location: string): URL {
  const url = URL.parse(location, from)
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url
  const message = `${from.host} leads on to "${location.slice(0, 200)}", which is no https: address`
  throw new MeshError('FILE_UNAVAILABLE', message, { path: 'from', retryable: false })
}

function badStatus(url: URL, status: number): MeshError {
  return new MeshError('FILE_UNAVAILABLE', `${url.host} answered with status ${status}`, {
    path: 'from',
    hint: `see whether ${url.href} can be had without a password`,
    retryable: PASSING_STATUSES.has(status)
  })
}

export function unreachable(url: URL, cause: unknown): MeshError {
  return new MeshError(
    'FILE_UNAVAILABLE',
    `nothing could be had from ${url.host}: ${messageOf(cause)}`,
    {
      path: 'from',
      retryable: true,
      cause
    }
  )
}
