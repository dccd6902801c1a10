/** Keeps one session per peer: opens it when first needed, takes those that others open, tells when one ends. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { unlessAborted, withTimeLimit } from '../core/abort.ts'
import { SESSION_PROTOCOL_V1 } from './ids.ts'
import { Tally } from '../observe/readings.ts'
import { Session, refuseSession } from './session.ts'
import { SessionMoves } from './session-moves.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Access } from './access.ts'
import type { Readings } from '../observe/readings.ts'
import type { PeerLink } from './peer-link.ts'
import type { SessionComponents, SessionInit } from './session.ts'
import type { Startable } from '../core/startable.ts'
import type { Stream } from '@libp2p/interface'

export interface SessionServiceInit extends SessionInit {
  /** From opening the stream to the other end's hello. @default 10000 */
  openTimeoutMs?: number
}

export interface SessionServiceComponents extends SessionComponents {
  access: Access
  link: PeerLink
}

export interface SessionListener {
  /** A session is ready: both ends have said hello. There may be others with the same peer. */
  onOpened?: (peer: string) => void
  onLoad?: (peer: string, load: unknown) => void
  /** The last session with a peer has ended; one that has moved to a better way has not. */
  onClosed?: (peer: string, error: MeshError) => void
}

/**
 * Two ends may open a session to each other at once, and a peer that lost its connection comes back
 * before we have noticed. Beyond that the oldest gives way to the newest, which is the likeliest to live.
 */
const SESSIONS_PER_PEER_MAX = 4

export class SessionService implements Startable {
  readonly #components: SessionServiceComponents
  readonly #init: SessionServiceInit
  /** Open sessions by peer, oldest first. */
  readonly #sessions = new Map<string, Session[]>()
  readonly #opening = new Map<string, Promise<Session>>()
  readonly #listeners = new Set<SessionListener>()
  readonly #moves: SessionMoves
  readonly #closed = new Tally('code')
  #openedCount = 0
  readonly #controller = new AbortController()

  constructor(components: SessionServiceComponents, init: SessionServiceInit = {}) {
    this.#components = components
    this.#init = init
    this.#moves = new SessionMoves({
      ...components,
      own: (peer) => (this.#sessions.get(peer) ?? []).filter(({ isOwn }) => isOwn),
      current: (peer) => this.get(peer),
      openAnew: (peer) => this.#openAnew(peer)
    })
  }

  async start(): Promise<void> {
    await this.#components.link.handle(
      SESSION_PROTOCOL_V1,
      (stream, remotePeer) => this.#accept(stream, remotePeer),
      { maxInboundStreams: LIMITS.streamsPerProtocolMax }
    )
    this.#moves.start()
  }

  async stop(): Promise<void> {
    if (this.#controller.signal.aborted) return
    const error = new MeshError('STOPPING', 'this node is stopping')
    this.#controller.abort(error)
    this.#moves.stop(error)
    await this.#components.link.unhandle(SESSION_PROTOCOL_V1)
    const open = [...this.#sessions.values()].flat()
    await Promise.all(open.map((session) => session.close(error)))
  }

  readings(): Readings {
    const sessions = [...this.#sessions.values()].flat().filter(({ isReady }) => isReady)
    return {
      taskmesh_session_open: sessions.length,
      taskmesh_session_opened_total: this.#openedCount,
      taskmesh_session_closed_total: this.#closed.samples(),
      taskmesh_session_waiting_requests: sessions.reduce((sum, one) => sum + one.waitingCount, 0),
      taskmesh_session_waiting_bytes: sessions.reduce((sum, one) => sum + one.waitingBytes, 0)
    }
  }

  listen(listener: SessionListener): void {
    this.#listeners.add(listener)
  }

  /** The newest session with a peer on which both have said hello, if there is one. */
  get(peer: string): Session | undefined {
    return this.#sessions.get(peer)?.findLast((session) => session.isReady)
  }

  /** Tells a peer of this node's load, out of turn; without a session there is nothing to tell. */
  tell(peer: string): void {
    this.get(peer)?.tell()
  }

  /**
   * The session with a peer, opened if need be. Callers share one attempt; each stops waiting at its
   * own signal, the attempt goes on for the others.
   * @throws MeshError PEER_UNREACHABLE, PROTOCOL_VERSION, STOPPING, as `Access.introduce`, or the signal's reason
   */
  async open(peer: string, options: AbortOptions = {}): Promise<Session> {
    const open = this.get(peer)
    if (open !== undefined) return open
    options.signal?.throwIfAborted()
    return await unlessAborted(this.#opening.get(peer) ?? this.#begin(peer), options)
  }

  /** By the best way of now, whichever way the others go. */
  async #openAnew(peer: string): Promise<Session> {
    await this.#opening.get(peer)?.catch(() => {})
    return await this.#begin(peer)
  }

  #begin(peer: string): Promise<Session> {
    const opening = this.#dial(peer).finally(() => this.#opening.delete(peer))
    this.#opening.set(peer, opening)
    return opening
  }

  async #dial(peer: string): Promise<Session> {
    const { access, clock, link } = this.#components
    const limit = {
      clock,
      timeoutMs: this.#init.openTimeoutMs ?? 10_000,
      code: 'PEER_UNREACHABLE',
      message: `no session with ${peer} came about in time`,
      signal: this.#controller.signal
    } as const
    return await withTimeLimit(limit, async (signal) => {
      await access.introduce(peer, { signal })
      const stream = await link.openStream(peer, SESSION_PROTOCOL_V1, { signal })
      if (signal.aborted) stream.abort(MeshError.from(signal.reason))
      signal.throwIfAborted()
      const session = this.#add(stream, peer)
      const giveUp = (): void => void session.close(MeshError.from(signal.reason))
      signal.addEventListener('abort', giveUp, { once: true })
      await session.ready
      signal.removeEventListener('abort', giveUp)
      return session
    })
  }

  #accept(stream: Stream, remotePeer: string): void {
    if (this.#controller.signal.aborted) {
      stream.abort(this.#controller.signal.reason as MeshError)
      return
    }
    try {
      this.#components.access.requireMember(remotePeer)
    } catch (cause) {
      void refuseSession(stream, this.#components.clock, MeshError.from(cause))
      return
    }
    this.#add(stream, remotePeer)
  }

  /** Ends all sessions with a peer, and tells it why. */
  async dismiss(peer: string, error: MeshError): Promise<void> {
    await Promise.all((this.#sessions.get(peer) ?? []).map((session) => session.close(error)))
  }

  #add(stream: Stream, peer: string): Session {
    const session: Session = new Session(peer, stream, this.#components, {
      ...this.#init,
      events: {
        onLoad: (load) => {
          for (const listener of this.#listeners) listener.onLoad?.(peer, load)
        },
        onOffence: (error) => this.#components.link.complain(peer, error),
        onTransfer: (direction, transfer) =>
          this.#components.link.noteTransfer(peer, direction, transfer),
        onClosed: (error) => {
          // What the other end has said of us comes by no code that is its own fault.
          this.#components.link.complain(peer, error)
          this.#remove(session, error)
        }
      }
    })
    const sessions = this.#sessions.get(peer) ?? []
    this.#sessions.set(peer, [...sessions, session])
    session.ready.then(
      () => this.#onReady(session),
      () => {
        // It ended before; `onClosed` tells of it.
      }
    )
    if (sessions.length >= SESSIONS_PER_PEER_MAX) {
      const error = new MeshError('TOO_MANY_REQUESTS', 'too many sessions with one peer')
      void sessions[0]?.close(error)
    }
    return session
  }

  #onReady(session: Session): void {
    if (!session.isReady) return
    this.#openedCount += 1
    for (const listener of this.#listeners) listener.onOpened?.(session.remotePeer)
  }

  #remove(session: Session, error: MeshError): void {
    const peer = session.remotePeer
    const rest = (this.#sessions.get(peer) ?? []).filter((other) => other !== session)
    if (rest.length > 0) this.#sessions.set(peer, rest)
    else {
      this.#sessions.delete(peer)
      this.#closed.add([error.code])
      for (const listener of this.#listeners) listener.onClosed?.(peer, error)
    }
  }
}
