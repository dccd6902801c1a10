/**
 * Checks of a request's headers that need to know nobody: the name it was sent to, and the page that sent
 * it. A server on loopback refuses foreign Host names, so that a web page can't reach it by pointing its
 * own name at 127.0.0.1; and no server answers a page of another origin, whatever token it may have got.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** What browsers say of requests that a page of this server's own made, or a person by typing the address. */
const OWN_SITES = ['same-origin', 'none']

/** A check of the Host header. @throws MeshError WRONG_RECIPIENT (from the check) */
export function hostGuard(boundHost: string): (host: string | undefined) => void {
  if (!isLoopback(boundHost)) return () => undefined
  const names = new Set([...LOOPBACK_NAMES, bracketed(boundHost)])
  return (host) => {
    if (host !== undefined && names.has(host.toLowerCase().replace(/:\d*$/, ''))) return
    throw new MeshError('WRONG_RECIPIENT', 'this server answers to loopback names only', {
      hint: 'call it as 127.0.0.1 or localhost'
    })
  }
}

/** Programs send neither header; browsers do, and no page can forge them. @throws MeshError FORBIDDEN */
export function checkOrigin(headers: IncomingHttpHeaders): void {
  const { host, origin } = headers
  const site = headers['sec-fetch-site']
  const isOwnSite = site === undefined || OWN_SITES.includes(site)
  const isOwnOrigin = origin === undefined || hostOf(origin) === host?.toLowerCase()
  if (isOwnSite && isOwnOrigin) return
  throw new MeshError('FORBIDDEN', 'a web page of another origin may not use this API', {
    path: isOwnOrigin ? 'sec-fetch-site' : 'origin',
    hint: 'call it from a program, or from a page that this server gave out'
  })
}

/**
 * A check of how many requests of one connection wait for their answers: Node.js begins all that came in one
 * packet, and holds what they are answered for as long as nobody reads. @throws MeshError TOO_MANY_REQUESTS
 */
export function pipelineGuard(): (request: IncomingMessage, response: ServerResponse) => void {
  const open = new WeakMap<object, number>()
  return ({ socket }, response) => {
    const count = (open.get(socket) ?? 0) + 1
    open.set(socket, count)
    response.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1))
    if (count <= LIMITS.apiPipelinedMax) return
    throw new MeshError('TOO_MANY_REQUESTS', 'too many requests at once on one connection', {
      hint: 'wait for the answer before you send the next request, or use more connections'
    })
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** As a host stands in an address: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** The scheme is not compared: a proxy may have taken TLS off on the way. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
