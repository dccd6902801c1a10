/**
 * The router's HTTP API as something that starts and stops. On loopback with a token by default; which
 * routes there are stands in routes/, and what they do behind the port `ApiServices`.
 */
import { assert } from '../core/assert.ts'
import { systemClock } from '../core/clock.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { parseDurationMs } from '../core/units.ts'
import { buildApp } from './app.ts'
import { EventStreams } from './event-stream.ts'
import { bracketed, isLoopback } from './guards.ts'
import { PeerDoor } from './peer-door.ts'
import { WAIT_TEXT_MAX } from './parameters.ts'
import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { PeerCallers } from './peer-door.ts'
import type { Startable } from '../core/startable.ts'
import type { AppInit } from './app.ts'
import type { EventStreamsInit } from './event-stream.ts'
import type { ApiLogger, OfferedServices } from './services.ts'

export interface ApiServerComponents {
  services: OfferedServices
  logger?: ApiLogger
  /** With it, peers of the mesh may ask by libp2p, too. */
  peers?: PeerCallers | undefined
  /** @default systemClock */
  clock?: Clock
}

export interface ApiServerInit
  extends Partial<Omit<AppInit, 'host' | 'scopeOf' | 'token'>>, EventStreamsInit {
  host: string
  /** 0 takes a free one. */
  port: number
  token: string
  /** Of any body, whatever its operation takes. @default LIMITS.submissionBytesMax */
  bodyBytesMax?: number
  /** How long `stop` waits for answers under way. @default 2_000 */
  stopTimeoutMs?: number
}

const DEFAULT_API_SERVER = {
  /** Headers are one packet; who needs longer is holding a connection. */
  headersTimeoutMs: 10_000,
  /** The largest submission over a line of 5 Mbit/s. */
  requestTimeoutMs: 120_000,
  /** Nothing moves in either direction: a reader that stands still, not a caller that waits. */
  idleTimeoutMs: 660_000,
  /** All event streams and as many waiting callers, with room for the rest. */
  connectionsMax: 1_024,
  bodyBytesMax: LIMITS.submissionBytesMax,
  wrongTokensMax: LIMITS.apiWrongTokensMax,
  ownRequestsMax: LIMITS.apiOwnRequestsMax,
  namedRequestsMax: LIMITS.apiNamedRequestsMax,
  stopTimeoutMs: 2_000
} as const

assert(
  DEFAULT_API_SERVER.idleTimeoutMs > parseDurationMs(WAIT_TEXT_MAX, 'WAIT_TEXT_MAX'),
  'a caller may wait without its connection being idle'
)
assert(
  DEFAULT_API_SERVER.connectionsMax > 2 * LIMITS.eventStreamsMax,
  'event streams leave room for other callers'
)

type SettledInit = ApiServerInit &
  Omit<AppInit, 'scopeOf'> & { bodyBytesMax: number; stopTimeoutMs: number }

interface Running {
  app: FastifyInstance
  door: PeerDoor | undefined
  streams: EventStreams
  stopping: AbortController
}

export class ApiServer implements Startable {
  readonly #components: ApiServerComponents
  readonly #clock: Clock
  readonly #init: SettledInit
  #starting: Promise<Running> | undefined
  #address: string | undefined

  constructor(components: ApiServerComponents, init: ApiServerInit) {
    assert(init.token.length > 0, 'the API has a token')
    this.#components = components
    this.#clock = components.clock ?? systemClock
    this.#init = Object.freeze({ ...DEFAULT_API_SERVER, ...init })
  }

  /** Resolves when it listens. @throws MeshError ADDRESS_IN_USE, CONFIG_INVALID */
  async start(): Promise<void> {
    this.#starting ??= this.#listen()
    try {
      await this.#starting
    } catch (cause) {
      this.#starting = undefined
      throw cause
    }
  }

  /** Where a program on this machine reaches it, such as `http://127.0.0.1:51880`. */
  address(): string {
    assert(this.#address !== undefined, 'the server has started')
    return this.#address
  }

  /** Ends streams and waiting callers, then lets answers under way finish, within a bound. */
  async stop(): Promise<void> {
    const starting = this.#starting
    if (starting === undefined) return
    const running = await starting.catch(() => undefined)
    if (running === undefined) return
    running.stopping.abort(new MeshError('STOPPING', 'this router is stopping'))
    running.streams.endAll()
    const giveUp = this.#clock.after(this.#init.stopTimeoutMs, () =>
      running.app.server.closeAllConnections()
    )
    try {
      await Promise.all([running.app.close(), running.door?.stop()])
    } finally {
      giveUp()
      this.#starting = undefined
    }
  }

  async #listen(): Promise<Running> {
    const { services, logger, peers } = this.#components
    const streams = new EventStreams(this.#clock, this.#init)
    const stopping = new AbortController()
    const { bodyBytesMax, tls } = this.#init
    const clock = this.#clock
    const context = { services, streams, clock, stopping: stopping.signal, bodyBytesMax }
    const scopeOf = peers?.scopeOf ?? (() => undefined)
    const app = await buildApp(context, { ...this.#init, scopeOf }, logger)
    let door: PeerDoor | undefined
    try {
      this.#warnIfBare()
      // "localhost" may be two addresses with two free ports; one server has one.
      const host = this.#init.host === 'localhost' ? '127.0.0.1' : this.#init.host
      await app.listen({ host, port: this.#init.port })
      door =
        peers && new PeerDoor({ ...peers, clock, server: app.server, isSecure: tls !== undefined })
      await door?.start()
    } catch (cause) {
      await app.close()
      throw this.#listenError(cause)
    }
    this.#address = addressOf(
      app.server.address() as AddressInfo,
      tls === undefined ? 'http' : 'https'
    )
    return { app, door, streams, stopping }
  }

  /** An owner may have a tunnel or a proxy in front of it; nobody should learn of it from a thief. */
  #warnIfBare(): void {
    const { host, tls } = this.#init
    if (tls !== undefined || isLoopback(host)) return
    this.#components.logger?.warn(
      { host, hint: 'give it --tls-cert and --tls-key, or put a proxy with TLS before loopback' },
      'the api is open to the network without tls: tokens travel in clear text'
    )
  }

  #listenError(cause: unknown): MeshError {
    const { code } = cause as NodeJS.ErrnoException
    const place = `${bracketed(this.#init.host)}:${this.#init.port}`
    if (code === 'EADDRINUSE') {
      return new MeshError('ADDRESS_IN_USE', `another program listens on ${place}`, {
        path: '--http',
        hint: 'stop that program, or take a free port with --http 127.0.0.1:0',
        cause
      })
    }
    return new MeshError('CONFIG_INVALID', `can't listen on ${place}: ${messageOf(cause)}`, {
      path: '--http',
      hint: 'name an address of this machine and a port that you may use, such as 127.0.0.1:0',
      cause
    })
  }
}

/** A wildcard is where one listens, not where one calls. */
function addressOf({ address, port }: AddressInfo, scheme: string): string {
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address
  return `${scheme}://${bracketed(host)}:${port}`
}
