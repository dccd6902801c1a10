/**
 * `fetch` for a router whose certificate no public authority vouches for: it trusts the certificates of
 * one file and no others. The runtime's own `fetch` takes no such file, so this one is made of `node:https`.
 */
import { Agent, request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { X509Certificate } from 'node:crypto'
import { checkServerIdentity } from 'node:tls'
import { MeshError } from '../core/errors.ts'
import type { IncomingMessage } from 'node:http'
import type { PeerCertificate } from 'node:tls'

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Answers that have no body, whatever their headers say. */
const BODILESS = [204, 205, 304]

/**
 * @param ca PEM: of an authority, or the very certificate of the router, whose names don't matter then
 * @throws MeshError CONFIG_INVALID
 */
export function fetchTrusting(ca: string): typeof globalThis.fetch {
  const known = readCertificates(ca)
  const agent = new Agent({
    ca,
    // A certificate that is trusted itself needs nobody above it.
    allowPartialTrustChain: true,
    keepAlive: true,
    checkServerIdentity: (host: string, shown: PeerCertificate) =>
      known.some(({ raw }) => raw.equals(shown.raw)) ? undefined : checkServerIdentity(host, shown)
  })
  return async (target, init = {}) =>
    await send(agent, new URL(target instanceof Request ? target.url : target), init)
}

function readCertificates(ca: string): X509Certificate[] {
  try {
    const found = (ca.match(PEM) ?? []).map((text) => new X509Certificate(text))
    if (found.length > 0) return found
  } catch {
    // A certificate in form alone is none.
  }
  throw new MeshError('CONFIG_INVALID', 'this is no file of certificates', {
    path: '--api-ca',
    hint: 'name the PEM file that the router was given as --tls-cert, or that of its authority'
  })
}

function send(agent: Agent, url: URL, init: RequestInit): Promise<Response> {
  const { body, headers, method = 'GET', signal } = init
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, {
      agent,
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(signal === undefined || signal === null ? {} : { signal })
    })
    request.on('error', reject)
    request.on('response', (message) => resolve(responseOf(message)))
    request.end(body as string | Uint8Array | undefined)
  })
}

function responseOf(message: IncomingMessage): Response {
  const { statusCode: status = 0 } = message
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  if (!BODILESS.includes(status)) {
    return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array>, { status, headers })
  }
  message.resume()
  return new Response(null, { status, headers })
}
