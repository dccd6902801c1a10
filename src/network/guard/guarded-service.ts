/**
 * Stands between libp2p and one of its own services: a peer has only so much of the service, and where the
 * mesh is closed, the service sees its members alone. libp2p has a middleware for this, but registers each
 * stream's handler again with the middleware of its protocol (3.3).
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { overriding } from '../../core/overriding.ts'
import { PeerQuota } from '../../protocol/peer-quota.ts'
import { OPEN_ADMISSION } from './admission.ts'
import { Pace } from '../../core/pace.ts'
import type {
  AbortOptions,
  Connection,
  PeerId,
  Stream,
  StreamHandler,
  StreamHandlerOptions,
  Topology
} from '@libp2p/interface'
import type { Admission } from './admission.ts'
import type { Clock } from '../../core/clock.ts'
import type { PaceInit } from '../../core/pace.ts'

export interface GuardComponents {
  clock: Clock
  /** Who may use the service. @default everybody */
  admission?: Admission
  /** A peer wanted more than it may have. */
  onFlood: (peer: string) => void
}

export interface GuardInit {
  /** Bytes that one peer may send it. */
  pace: PaceInit
  /** What each stream counts for, beside what is sent on it. */
  streamBytes: number
  /** What is sent on a stream counts nothing: it is bounded elsewhere. */
  isBulk?: boolean
  /** What one answer may have, where the service asks others. */
  answerBytesMax?: number
}

/** What a service takes of libp2p to be reached and to reach others. */
interface Registrar {
  handle: (
    protocol: string,
    handler: StreamHandler,
    options?: StreamHandlerOptions
  ) => Promise<void>
  register: (protocol: string, topology: Topology) => Promise<string>
}

interface ConnectionManager {
  openConnection: (to: PeerId, options?: AbortOptions) => Promise<Connection>
  openStream: (to: PeerId, protocol: string, options?: AbortOptions) => Promise<Stream>
}

interface ServiceComponents {
  registrar: Registrar
  connectionManager: ConnectionManager
}

/** How long a stream waits until its peer has shown that it belongs here. */
const ADMIT_MS = 10_000

/** Makes the service with the guard in place of what it would reach the network by. */
export function guarded<Components, Service>(
  factory: (components: Components) => Service,
  guards: GuardComponents,
  init: GuardInit
): (components: Components) => Service {
  return (libp2p) => {
    const guard = new Guard(libp2p as ServiceComponents, guards, init)
    const { connectionManager, registrar } = guard
    const components = libp2p as ServiceComponents
    return factory(overriding(components, { connectionManager, registrar }) as Components)
  }
}

class Guard {
  readonly registrar: Registrar
  readonly connectionManager: ConnectionManager
  readonly #components: GuardComponents
  readonly #admission: Admission
  readonly #init: GuardInit
  readonly #pace: Pace
  readonly #waiting = new PeerQuota({
    perPeerMax: LIMITS.waitingStreamsMax,
    totalMax: LIMITS.waitingStreamsTotalMax
  })
  /** Ends what waits for a peer, when it is gone. */
  readonly #expected = new Map<string, AbortController>()

  constructor(libp2p: ServiceComponents, components: GuardComponents, init: GuardInit) {
    this.#components = components
    this.#admission = components.admission ?? OPEN_ADMISSION
    this.#init = init
    this.#pace = new Pace(components.clock, init.pace)
    const { connectionManager, registrar } = libp2p
    this.registrar = overriding(registrar, {
      handle: (protocol, handler, options) =>
        registrar.handle(protocol, this.#handler(handler), options),
      register: (protocol, topology) => registrar.register(protocol, this.#topology(topology))
    })
    this.connectionManager = overriding(connectionManager, {
      openStream: async (to, protocol, options = {}) => {
        const connection = await connectionManager.openConnection(to, options)
        return await this.#openStream(connection, protocol, options)
      }
    })
  }

  #handler(handler: StreamHandler): StreamHandler {
    const serve: StreamHandler = (stream, connection) => {
      const peer = connection.remotePeer.toString()
      const take = (bytes: number): void => {
        if (this.#pace.take(peer, bytes)) return
        const message = 'this peer has had its share of this service'
        stream.abort(new MeshError('TOO_MANY_REQUESTS', message))
        this.#components.onFlood(peer)
      }
      take(this.#init.streamBytes)
      if (stream.status !== 'open') return
      if (this.#init.isBulk === true) return handler(stream, connection)
      // Before the handler's own: what has come already is given to all listeners at once, a moment later.
      stream.addEventListener('message', ({ data }) => take(data.byteLength))
      return handler(stream, connection)
    }
    return async (stream, connection) => {
      if (!this.#admission.isMember(connection.remotePeer.toString())) {
        await this.#wait(stream, connection)
      }
      if (stream.status === 'open') await serve(stream, connection)
    }
  }

  /** Nothing is read meanwhile, so that the peer may send what the muxer's window holds, and no more. */
  async #wait(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    if (!this.#waiting.take(peer, 1)) {
      stream.abort(new MeshError('TOO_MANY_REQUESTS', 'too many streams wait for a certificate'))
      return
    }
    const closed = new AbortController()
    const onClose = (): void => closed.abort()
    stream.addEventListener('close', onClose)
    try {
      if (stream.readStatus === 'readable') stream.pause()
      const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(ADMIT_MS)])
      await this.#admission.admit(peer, signal)
      if (stream.readStatus === 'paused') stream.resume()
    } catch (cause) {
      stream.abort(MeshError.from(cause))
    } finally {
      stream.removeEventListener('close', onClose)
      this.#waiting.give(peer, 1)
    }
  }

  /** The service hears of a peer once it is a member, however late that is. */
  #topology(topology: Topology): Topology {
    const onConnect = topology.onConnect?.bind(topology)
    const onDisconnect = topology.onDisconnect?.bind(topology)
    return {
      ...topology,
      onConnect: (peer: PeerId, connection: Connection) => {
        if (this.#admission.isMember(peer.toString())) return onConnect?.(peer, connection)
        void this.#expect(peer).then(
          () => onConnect?.(peer, connection),
          () => {
            // It left before, and the service never knew it.
          }
        )
      },
      onDisconnect: (peer: PeerId) => {
        this.#expected.get(peer.toString())?.abort()
        return onDisconnect?.(peer)
      }
    }
  }

  async #expect(peerId: PeerId): Promise<void> {
    const peer = peerId.toString()
    const controller = this.#expected.get(peer) ?? new AbortController()
    this.#expected.set(peer, controller)
    try {
      await this.#admission.admit(peer, controller.signal)
    } finally {
      if (this.#expected.get(peer) === controller) this.#expected.delete(peer)
    }
  }

  async #openStream(
    connection: Connection,
    protocol: string,
    options: AbortOptions
  ): Promise<Stream> {
    const peer = connection.remotePeer.toString()
    if (!this.#admission.isMember(peer)) {
      await this.#admission.admit(peer, options.signal ?? AbortSignal.timeout(ADMIT_MS))
    }
    const stream = await connection.newStream(protocol, options)
    let leftBytes = this.#init.answerBytesMax ?? Infinity
    stream.addEventListener('message', ({ data }) => {
      leftBytes -= data.byteLength
      if (leftBytes >= 0) return
      stream.abort(new MeshError('FRAME_TOO_LARGE', 'the answer is longer than it may be'))
      this.#components.onFlood(peer)
    })
    return stream
  }
}
