/**
 * `fetch` from a peer of the mesh, over a stream of its own for each request: `libp2p://PEER/v1/jobs`. The same in
 * Node.js and in a browser's tab. What the peer allows depends on who this node is in the mesh; a bearer token counts too.
 */
import { HTTP_PROTOCOL_V1 } from '../ids.ts'
import { ByteSource } from './byte-source.ts'
import { MeshError } from '../../core/errors.ts'
import { closeWithin } from '../stream-text.ts'
import { readBody, readHead } from './answer.ts'
import { whenAborted } from '../../core/abort.ts'
import { writeRequest } from './request.ts'
import type { Access } from '../access.ts'
import type { AnswerHead } from './answer.ts'
import type { Clock } from '../../core/clock.ts'
import type { PeerLink } from '../peer-link.ts'
import type { PeerRequest } from './request.ts'
import type { Stream } from '@libp2p/interface'

export interface PeerFetchComponents {
  clock: Clock
  link: Pick<PeerLink, 'openStream'>
  access: Pick<Access, 'introduce'>
}

const SCHEME = 'libp2p:'

/** How long a peer that has answered may leave its side of the stream open. */
const CLOSE_TIMEOUT_MS = 5_000

/** The address at which `createPeerFetch` finds a peer. */
export function peerUrl(peer: string): string {
  return `${SCHEME}//${peer}`
}

/**
 * Of `init`, it takes method, headers, signal, and a body of text, bytes or a stream. Redirects are not followed.
 * @throws (from the call) MeshError PEER_UNREACHABLE, NOT_A_MEMBER and its kin, SESSION_CLOSED, RESPONSE_INVALID; the signal's reason
 * @example
 * const fetch = createPeerFetch({ access, clock, link: node })
 * const client = new ApiClient({ url: peerUrl(router) }, { fetch })
 */
export function createPeerFetch(components: PeerFetchComponents): typeof globalThis.fetch {
  const { access, link } = components
  return async (target, init = {}) => {
    const url = new URL(target instanceof Request ? target.url : target)
    const request = requestOf(url, init)
    const signal = init.signal ?? undefined
    signal?.throwIfAborted()
    await access.introduce(request.host, { signal })
    const stream = await link.openStream(request.host, HTTP_PROTOCOL_V1, { signal })
    return await new Conversation(stream, components.clock, signal).hold(request)
  }
}

/** One request and its answer. */
class Conversation {
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #source: ByteSource
  readonly #ended = new AbortController()
  #isWritten = false

  constructor(stream: Stream, clock: Clock, signal: AbortSignal | undefined) {
    this.#stream = stream
    this.#clock = clock
    this.#source = new ByteSource(stream)
    if (signal === undefined) return
    const stopListening = whenAborted(signal, () => this.#cut(signal.reason as Error))
    this.#ended.signal.addEventListener('abort', stopListening)
  }

  async hold(request: PeerRequest): Promise<Response> {
    void this.#write(request)
    try {
      const head = await readHead(this.#source, request.method)
      if (head.bodyBytes === 0) this.#finish()
      const { headers, status } = head
      return new Response(head.bodyBytes === 0 ? null : this.#bodyOf(head), { status, headers })
    } catch (cause) {
      this.#cut(cause as Error)
      throw cause
    }
  }

  /** An answer may come before all of the request was sent: then that it was cut off is of no account. */
  async #write(request: PeerRequest): Promise<void> {
    try {
      await writeRequest(this.#stream, request, { signal: this.#ended.signal })
      this.#isWritten = true
    } catch (cause) {
      const isOurs = this.#stream.status === 'open' && !this.#ended.signal.aborted
      if (isOurs) this.#cut(cause as Error)
    }
  }

  #bodyOf(head: AnswerHead): ReadableStream<Uint8Array<ArrayBuffer>> {
    const parts = readBody(this.#source, head)
    const pull = async (
      controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
    ): Promise<void> => {
      try {
        const { done, value } = await parts.next()
        if (done !== true) return controller.enqueue(value)
        this.#finish()
        controller.close()
      } catch (cause) {
        this.#cut(cause as Error)
        throw cause
      }
    }
    const cancel = (): void => this.#cut(new MeshError('SESSION_CLOSED', 'nobody reads the answer'))
    // Only what is asked for is read.
    return new ReadableStream({ pull, cancel }, { highWaterMark: 0 })
  }

  #finish(): void {
    if (!this.#isWritten) return this.#cut(new MeshError('SESSION_CLOSED', 'the answer is there'))
    this.#ended.abort()
    void closeWithin(this.#stream, this.#clock, CLOSE_TIMEOUT_MS)
  }

  #cut(error: Error): void {
    this.#source.fail(error)
    this.#ended.abort(error)
    this.#stream.abort(MeshError.from(error))
  }
}

function requestOf(url: URL, init: RequestInit): PeerRequest {
  if (url.protocol !== SCHEME || url.host === '') {
    throw new MeshError(
      'FIELD_INVALID',
      `"${url.protocol}//${url.host}" is not the address of a peer`,
      {
        hint: 'write it as libp2p://PEER/v1/health'
      }
    )
  }
  return {
    method: (init.method ?? 'GET').toUpperCase(),
    target: `${url.pathname === '' ? '/' : url.pathname}${url.search}`,
    host: url.host,
    headers: new Headers(init.headers),
    body: bodyOf(init.body)
  }
}

function bodyOf(body: RequestInit['body']): PeerRequest['body'] {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof Uint8Array || body instanceof ReadableStream) return body
  throw new TypeError('a body is text, bytes or a stream of bytes')
}
