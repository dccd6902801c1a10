/** Keeps one session per peer: opens it when first needed, takes those that others open, tells when one ends. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { withTimeLimit } from '../core/abort.ts'
import { SESSION_PROTOCOL_V1 } from './ids.ts'
import { Session } from './session.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { PeerLink } from './peer-link.ts'
import type { SessionComponents, SessionInit } from './session.ts'
import type { Startable } from '../core/startable.ts'
import type { Stream } from '@libp2p/interface'

export interface SessionServiceInit extends SessionInit {
  /** From opening the stream to the other end's hello. @default 10000 */
  openTimeoutMs?: number
}

export interface SessionServiceComponents extends SessionComponents {
  link: PeerLink
}

export interface SessionListener {
  onLoad?: (peer: string, load: unknown) => void
  onClosed?: (peer: string, error: MeshError) => void
}

/** Two ends may open a session to each other at once; more than a few of one peer are a flood. */
const SESSIONS_PER_PEER_MAX = 4

export class SessionService implements Startable {
  readonly #components: SessionServiceComponents
  readonly #init: SessionServiceInit
  readonly #sessions = new Map<string, Session[]>()
  readonly #opening = new Map<string, Promise<Session>>()
  readonly #listeners = new Set<SessionListener>()
  #isStopped = false

  constructor(components: SessionServiceComponents, init: SessionServiceInit = {}) {
    this.#components = components
    this.#init = init
  }

  async start(): Promise<void> {
    await this.#components.link.handle(
      SESSION_PROTOCOL_V1,
      (stream, remotePeer) => this.#accept(stream, remotePeer),
      { maxInboundStreams: LIMITS.streamsPerProtocolMax }
    )
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await this.#components.link.unhandle(SESSION_PROTOCOL_V1)
    const error = new MeshError('STOPPING', 'this node is stopping')
    const open = [...this.#sessions.values()].flat()
    for (const session of open) session.close(error)
  }

  listen(listener: SessionListener): void {
    this.#listeners.add(listener)
  }

  /** The open session with a peer, if there is one. */
  get(peer: string): Session | undefined {
    return this.#sessions.get(peer)?.find((session) => session.isOpen)
  }

  /** The session with a peer, opened if need be. @throws MeshError PEER_UNREACHABLE, PROTOCOL_VERSION, … */
  async open(peer: string, options: AbortOptions = {}): Promise<Session> {
    const open = this.get(peer)
    if (open !== undefined) return open
    const opening = this.#opening.get(peer) ?? this.#dial(peer, options)
    this.#opening.set(peer, opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(peer)
    }
  }

  async #dial(peer: string, options: AbortOptions): Promise<Session> {
    const { clock, link } = this.#components
    const limit = {
      clock,
      timeoutMs: this.#init.openTimeoutMs ?? 10_000,
      code: 'PEER_UNREACHABLE',
      message: `no session with ${peer} came about in time`,
      signal: options.signal
    } as const
    return await withTimeLimit(limit, async (signal) => {
      const stream = await link.openStream(peer, SESSION_PROTOCOL_V1, { signal })
      const session = this.#add(stream, peer)
      const giveUp = (): void => session.close(MeshError.from(signal.reason))
      signal.addEventListener('abort', giveUp, { once: true })
      await session.ready
      signal.removeEventListener('abort', giveUp)
      return session
    })
  }

  #accept(stream: Stream, remotePeer: string): void {
    const count = this.#sessions.get(remotePeer)?.length ?? 0
    if (this.#isStopped || count >= SESSIONS_PER_PEER_MAX) {
      stream.abort(new MeshError('TOO_MANY_REQUESTS', 'too many sessions with one peer'))
      return
    }
    this.#add(stream, remotePeer)
  }

  #add(stream: Stream, peer: string): Session {
    const session: Session = new Session(peer, stream, this.#components, {
      ...this.#init,
      events: {
        onLoad: (load) => {
          for (const listener of this.#listeners) listener.onLoad?.(peer, load)
        },
        onClosed: (error) => this.#remove(session, error)
      }
    })
    const sessions = this.#sessions.get(peer)
    if (sessions === undefined) this.#sessions.set(peer, [session])
    else sessions.push(session)
    return session
  }

  #remove(session: Session, error: MeshError): void {
    const peer = session.remotePeer
    const rest = (this.#sessions.get(peer) ?? []).filter((other) => other !== session)
    if (rest.length > 0) this.#sessions.set(peer, rest)
    else {
      this.#sessions.delete(peer)
      for (const listener of this.#listeners) listener.onClosed?.(peer, error)
    }
  }
}
