/**
 * Who may talk to the API: whoever has the token, in the Authorization header and nowhere else (an
 * address with a token in it ends up in logs and histories). A server on loopback also refuses foreign
 * Host names, so that a web page can't reach it by pointing its own name at 127.0.0.1.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { MeshError } from '../core/errors.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']
const BEARER = /^Bearer +([^\s]+) *$/i

/** A check of the Authorization header. @throws MeshError UNAUTHORISED (from the check) */
export function tokenGuard(token: string): (authorization: string | undefined) => void {
  const expected = digest(token)
  return (authorization) => {
    const given = BEARER.exec(authorization ?? '')?.[1]
    // Digests have one length, so that the comparison says nothing about that of the token.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    const what = authorization === undefined ? 'no token was sent' : 'this token is not the one'
    throw new MeshError('UNAUTHORISED', what, {
      hint: 'send "authorization: Bearer TOKEN"; the command line finds it under --home, or takes --token or TASKMESH_TOKEN'
    })
  }
}

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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** As a host stands in an address: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
