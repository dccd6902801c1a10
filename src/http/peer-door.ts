/**
 * The API's second door: streams of peers, by libp2p's own protocol for HTTP, answered by the same server as its port.
 * Who is there is known before the first byte is read; how many streams a peer may have open is bounded.
 */
import { once } from 'node:events'
import { HTTP_PROTOCOL_V1 } from '../protocol/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { PeerQuota } from '../protocol/peer-quota.ts'
import { PeerSocket } from './peer-socket.ts'
import { refuseOn } from './problems.ts'
import type { Clock } from '../core/clock.ts'
import type { Duplex } from 'node:stream'
import type { PeerLink } from '../protocol/peer-link.ts'
import type { Server } from 'node:http'
import type { Startable } from '../core/startable.ts'
import type { Stream } from '@libp2p/interface'
import type { TokenScope } from '../model/generated/api-token.ts'

/** Those who come over the mesh instead of to a port. */
export interface PeerCallers {
  link: Pick<PeerLink, 'handle' | 'unhandle'>
  /**
   * What a peer may do here by what it is in the mesh; undefined: nothing, without a token.
   * @throws MeshError NOT_A_MEMBER, REVOKED, CREDENTIAL_EXPIRED
   */
  scopeOf: (peer: string) => TokenScope | undefined
}

export interface PeerDoorComponents extends PeerCallers {
  clock: Clock
  server: Server
  /** Of a server behind TLS, which the mesh's own encryption takes the place of. */
  isSecure: boolean
}

/** Node's types leave it out. */
interface HalfOpenServer {
  httpAllowHalfOpen: boolean
}

export class PeerDoor implements Startable {
  readonly #components: PeerDoorComponents
  readonly #sockets = new Set<PeerSocket>()
  readonly #quota = new PeerQuota({
    perPeerMax: LIMITS.apiPeerStreamsMax,
    totalMax: LIMITS.apiPeerStreamsTotalMax
  })

  constructor(components: PeerDoorComponents) {
    this.#components = components
  }

  async start(): Promise<void> {
    const { isSecure, link, server } = this.#components
    // A peer may close its side once it has asked. Whoever closes that of a connection to the port is gone.
    ;(server as Server & HalfOpenServer).httpAllowHalfOpen = true
    server.on(isSecure ? 'secureConnection' : 'connection', endWithCaller)
    await link.handle(HTTP_PROTOCOL_V1, (stream, peer) => this.#accept(stream, peer), {
      maxInboundStreams: LIMITS.streamsPerProtocolMax
    })
  }

  /** Lets nobody in any more, and waits for those who are there; the server knows how to end them. */
  async stop(): Promise<void> {
    await this.#components.link.unhandle(HTTP_PROTOCOL_V1)
    await Promise.all([...this.#sockets].map((socket) => once(socket, 'close').catch(() => {})))
  }

  #accept(stream: Stream, peer: string): void {
    const { clock, isSecure, scopeOf, server } = this.#components
    const socket = new PeerSocket(stream, peer, clock)
    if (!this.#quota.take(peer, 1)) return refuse(socket, tooMany())
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#quota.give(peer, 1)
    })
    try {
      scopeOf(peer)
      // A server behind TLS takes connections once their handshake is done.
      server.emit(isSecure ? 'secureConnection' : 'connection', socket)
    } catch (cause) {
      refuse(socket, MeshError.from(cause))
    }
  }
}

function endWithCaller(socket: Duplex): void {
  if (!(socket instanceof PeerSocket)) socket.once('end', () => socket.end())
}

function refuse(socket: PeerSocket, error: MeshError): void {
  // What it asks is not read, so that it costs nothing but its answer.
  socket.on('error', () => {})
  refuseOn(socket, error)
}

function tooMany(): MeshError {
  return new MeshError('TOO_MANY_REQUESTS', 'this peer has too many requests open here', {
    hint: 'wait for answers before you ask more'
  })
}
