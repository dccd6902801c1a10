/**
 * Who may do what: finds out whose token a request has, or which peer of the mesh it comes from, counts what is asked
 * by them, and holds the scope against the operation's. Tokens come in the Authorization header and nowhere else (an address with a
 * token in it ends up in logs and histories; a cookie would be sent along with what another page asks).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { OWNER, checkScope, covers, peerCaller } from './caller.ts'
import { PeerSocket } from './peer-socket.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from './caller.ts'
import type { PeerCallers } from './peer-door.ts'
import type { TokenServices } from './services.ts'

export interface AccessInit {
  /** The router's own. */
  token: string
  /** What peers may do that come by libp2p. */
  scopeOf: PeerCallers['scopeOf']
  wrongTokensMax: number
  ownRequestsMax: number
  namedRequestsMax: number
}

/** Undefined where there is room for one more. */
type RetryAfterMs = number | undefined

type Limiter = (request: FastifyRequest, isCounted?: boolean) => Promise<RetryAfterMs>

const BEARER = /^Bearer +([^\s]+) *$/i
const WRONG_TOKENS_MS = 60_000
const REQUESTS_MS = 10_000

/** The decorator that `@fastify/rate-limit` gives to an app. */
type Limits = Pick<FastifyInstance, 'createRateLimit'>

export class Access {
  readonly #own: Buffer
  readonly #tokens: TokenServices
  readonly #scopeOf: PeerCallers['scopeOf']
  readonly #wrongTokens: Limiter
  readonly #requests: Limiter
  readonly #used = new UsedTokens()

  constructor(app: Limits, tokens: TokenServices, init: AccessInit) {
    this.#own = digest(init.token)
    this.#tokens = tokens
    this.#scopeOf = init.scopeOf
    // By address, or peer; of IPv6 by network, as whoever has one address there has all of them.
    this.#wrongTokens = limiterOf(app, { max: init.wrongTokensMax, timeWindow: WRONG_TOKENS_MS })
    this.#requests = limiterOf(app, {
      max: ({ caller }) => (caller === OWNER ? init.ownRequestsMax : init.namedRequestsMax),
      timeWindow: REQUESTS_MS,
      keyGenerator: ({ caller }) => caller?.submitter ?? ''
    })
  }

  /** @throws MeshError UNAUTHORISED, FORBIDDEN, TOO_MANY_REQUESTS */
  async check(request: FastifyRequest): Promise<void> {
    const { operation } = request.routeOptions.config
    if (operation !== undefined && operation.scope === undefined) return
    const caller = await this.#callerOf(request)
    request.caller = caller
    const retryAfterMs = await this.#requests(request)
    if (retryAfterMs !== undefined) {
      throw new MeshError('TOO_MANY_REQUESTS', `too many requests of ${caller.submitter}`, {
        retryAfterMs
      })
    }
    if (operation?.scope !== undefined) checkScope(caller, operation.scope)
  }

  /** A token counts where it allows more than what its bearer is in the mesh. */
  async #callerOf(request: FastifyRequest): Promise<Caller> {
    const peer = peerOf(request)
    if (peer === undefined) return await this.#bearerOf(request)
    const scope = this.#scopeOf(peer)
    const member = scope === undefined ? undefined : peerCaller(peer, scope, this.#scopeOf)
    if (request.headers.authorization === undefined) return member ?? forbidden()
    const bearer = await this.#bearerOf(request)
    return member !== undefined && covers(member.scope, bearer.scope) ? member : bearer
  }

  /** Where wrong tokens came from, only those pass that did before: a guess that hits says nothing. */
  async #bearerOf(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    const token = BEARER.exec(authorization ?? '')?.[1]
    const caller = token === undefined ? undefined : this.#find(token)
    if (caller !== undefined && this.#used.has(request.ip, caller)) return caller
    const isGuess = authorization !== undefined && caller === undefined
    const retryAfterMs = await this.#wrongTokens(request, isGuess)
    if (authorization !== undefined && retryAfterMs !== undefined) {
      throw new MeshError('TOO_MANY_REQUESTS', 'too many wrong tokens from this address', {
        retryAfterMs
      })
    }
    if (caller === undefined) throw unauthorised(authorization)
    this.#used.add(request.ip, caller)
    return caller
  }

  #find(token: string): Caller | undefined {
    // Digests have one length, so that the comparison says nothing about that of the token.
    if (timingSafeEqual(digest(token), this.#own)) return OWNER
    return this.#tokens.find(token)
  }
}

/** Whom a request comes from, if not to a port. */
export function peerOf({ raw: { socket } }: FastifyRequest): string | undefined {
  return socket instanceof PeerSocket ? socket.peer : undefined
}

/** Which right tokens came from where; a bounded number, the oldest go first. */
class UsedTokens {
  readonly #known = new Set<string>()

  has(address: string, caller: Caller): boolean {
    return this.#known.has(keyOf(address, caller))
  }

  add(address: string, caller: Caller): void {
    this.#known.add(keyOf(address, caller))
    if (this.#known.size <= LIMITS.apiAddressesMax) return
    for (const oldest of this.#known) {
      this.#known.delete(oldest)
      return
    }
  }
}

function keyOf(address: string, { tokenId = '' }: Caller): string {
  return `${address} ${tokenId}`
}

function limiterOf(
  app: Limits,
  options: NonNullable<Parameters<Limits['createRateLimit']>[0]>
): Limiter {
  // Of what is not asked for again, the oldest is forgotten.
  const bounded = { ...options, cache: LIMITS.apiAddressesMax }
  const count = app.createRateLimit(bounded)
  return async (request, isCounted = true) => {
    const result = await count(request, { increment: isCounted })
    if (result.isAllowed) return undefined
    // What is only looked at is at its bound; what was counted is above it.
    const isFull = isCounted ? result.isExceeded : result.remaining === 0
    return isFull ? result.ttl : undefined
  }
}

function forbidden(): never {
  throw new MeshError('FORBIDDEN', 'what this peer is in the mesh allows it nothing here', {
    hint: 'come as a client or an operator, or send "authorization: Bearer TOKEN"'
  })
}

function unauthorised(authorization: string | undefined): MeshError {
  const what = authorization === undefined ? 'no token was sent' : 'this token is not the one'
  return new MeshError('UNAUTHORISED', what, {
    hint: 'send "authorization: Bearer TOKEN"; the command line finds it under --home, or takes --token or TASKMESH_TOKEN'
  })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
