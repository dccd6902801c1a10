/**
 * Passes a request on to another server, word for word, and its answer back as it comes: what a node that shows several
 * routers needs. The token that it was itself shown stays here; another may go along.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { MeshError } from '../core/errors.ts'
import { SAFE_HEADERS } from './safe-headers.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

export interface ForwardInit {
  /** Path and query included, such as `libp2p://PEER/v1/jobs?limit=10`. */
  url: string
  /** Of `createPeerFetch`, for addresses of peers. */
  fetch: typeof globalThis.fetch
  /** The token to show there. @default none: only what this node is in the mesh counts */
  token?: string | undefined
  /** What paths of that server begin with here, in place of their `/v1`. @default they are the same here */
  base?: string
  /** Ends what is still being answered. */
  signal?: AbortSignal
}

/** About one connection (RFC 9110, 7.6.1), or about whom it led to. */
const OWN_HEADERS = [
  'authorization',
  'connection',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'router-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
]

/**
 * What an answer says of itself. All else that a server may tell a browser (cookies to keep, storage to clear, who may
 * read it, where to go) holds for this one's pages, and a peer has no word in that.
 */
const ANSWER_HEADERS = [
  'accept-ranges',
  'allow',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'retry-after',
  'traceparent',
  'x-accel-buffering'
]

/** Answers that have no body, whatever their headers say. */
const BODILESS = [204, 205, 304]
const NOT_MODIFIED = 304

/**
 * The body of the request must not have been read: its route is one whose content-type parser leaves it alone.
 * Resolves when the answer has gone out whole.
 * @throws MeshError PEER_UNREACHABLE and what else `fetch` throws, RESPONSE_INVALID, as long as nothing was answered
 * @example
 * app.addContentTypeParser('*', (_request, _body, done) => done(null))
 * app.all('/v1/routers/:peer/*', (request, reply) => forward(request, reply, { fetch, url }))
 */
export async function forward(
  { raw: request }: FastifyRequest,
  reply: FastifyReply,
  { base = '/v1', fetch, signal, token, url }: ForwardInit
): Promise<FastifyReply> {
  const gone = new AbortController()
  const onClose = (): void => gone.abort(new MeshError('SESSION_CLOSED', 'the asker is gone'))
  reply.raw.once('close', onClose)
  try {
    const answer = await fetch(url, {
      method: request.method ?? 'GET',
      headers: {
        ...passedOn(request.headers),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
      },
      ...bodyOf(request),
      redirect: 'manual',
      signal: signal === undefined ? gone.signal : AbortSignal.any([gone.signal, signal])
    })
    requireAnswer(answer)
    reply.hijack()
    await pass(answer, base, reply.raw)
  } catch (cause) {
    // Half an answer can't become a problem: that it breaks off is what can be told.
    if (!reply.sent) throw cause
    reply.raw.destroy()
  } finally {
    reply.raw.off('close', onClose)
  }
  return reply
}

/** Whoever follows a redirection takes its token and its deed along. */
function requireAnswer({ body, status }: Response): void {
  if (status < 300 || status > 399 || status === NOT_MODIFIED) return
  body?.cancel().catch(() => {})
  throw new MeshError('RESPONSE_INVALID', 'the router sends its asker elsewhere')
}

async function pass(answer: Response, base: string, out: ServerResponse): Promise<void> {
  out.writeHead(answer.status, { ...answerHeaders(answer.headers, base), ...SAFE_HEADERS })
  if (answer.body === null || BODILESS.includes(answer.status)) return void out.end()
  out.flushHeaders()
  await pipeline(Readable.fromWeb(answer.body as NodeReadableStream), out)
}

function answerHeaders(headers: Headers, base: string): Record<string, string> {
  const told = [...headers].filter(([name]) => ANSWER_HEADERS.includes(name))
  return Object.fromEntries(
    told.map(([name, value]) => [name, PATH_HEADERS[name]?.(value, base) ?? value])
  )
}

/** Where the next page or a new job is, as it is asked for here. */
const PATH_HEADERS: Readonly<Record<string, (value: string, base: string) => string>> = {
  link: (value, base) => value.replaceAll('</v1/', `<${base}/`),
  location: (value, base) => value.replace(/^\/v1\//, `${base}/`)
}

/** @param headers of a request, with those that `connection` names */
function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const named = (headers.connection ?? '').toLowerCase().split(/[\s,]+/)
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const isOwn = OWN_HEADERS.includes(name) || named.includes(name) || name.startsWith('sec-')
    if (!isOwn && value !== undefined) passed[name] = [value].flat().join(', ')
  }
  return passed
}

function bodyOf(request: IncomingMessage): { body?: ReadableStream; duplex?: 'half' } {
  const { headers } = request
  const isThere =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
  return isThere ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' } : {}
}
