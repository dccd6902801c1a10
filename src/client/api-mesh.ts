/** The half of `ApiClient` that is about the mesh: workers, peers, the router itself. */
import { DecisionApi } from './api-decisions.ts'
import { LIMITS } from '../core/limits.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiQuery } from './api-transport.ts'
import type { AvailabilityRequest } from '../model/generated/api-availability.ts'
import type { BackupView } from '../model/generated/api-backup.ts'
import type { HealthView } from '../model/generated/api-health.ts'
import type { NodeFilter } from '../model/worker-list.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { RouterView } from '../model/generated/api-router.ts'
import type { SecurityView } from '../model/generated/api-security.ts'
import type { TokenRequest } from '../model/generated/api-token-request.ts'
import type { TokenView } from '../model/generated/api-token.ts'

export interface PeerFilter {
  direction?: PeerView['direction'] | undefined
  path?: PeerView['path'] | undefined
  /** A part of the PeerId, of an address or of the agent, in capitals or not. */
  text?: string | undefined
}

export interface RouterFilter {
  /** A part of the PeerId or of the name, in capitals or not. */
  text?: string | undefined
}

/** A store of gigabytes on a slow disk. */
const BACKUP_TIMEOUT_MS = 600_000

export class MeshApi extends DecisionApi {
  /**
   * The workers that the router knows, best score first.
   * @example
   * const homes = await client.nodes({ require: ['zone = home'] })
   */
  async nodes(filter: NodeFilter = {}, options: AbortOptions = {}): Promise<NodeView[]> {
    const { require, state, text: q } = filter
    // Scores change between two pages, and who is who does not.
    const query = { require, state, q, sort: 'id' }
    const nodes = await this.#all<NodeView>('/v1/nodes', query, options)
    return nodes.toSorted((left, right) => (right.score ?? 0) - (left.score ?? 0))
  }

  /**
   * One worker, by any unique beginning or end of its PeerId.
   * @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { state, labels } = await client.node('YkzB')
   */
  async node(peer: string, options: AbortOptions = {}): Promise<NodeView> {
    return this.get(nodePath(peer), options)
  }

  /**
   * Cordons a worker (it takes nothing new), drains it (what runs there goes elsewhere at the deadline),
   * or opens it again.
   * @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS, PEER_UNREACHABLE
   * @example
   * await client.setAvailability('YkzB', { availability: 'draining', deadline: '30m' })
   */
  async setAvailability(
    peer: string,
    request: AvailabilityRequest,
    options: AbortOptions = {}
  ): Promise<NodeView> {
    return this.post(`${nodePath(peer)}/availability`, request, options)
  }

  /**
   * What the router keeps count of, as Prometheus reads it.
   * @example
   * const lines = (await client.metrics()).split('\n')
   */
  async metrics(options: AbortOptions = {}): Promise<string> {
    return await (await this.transport.open('/v1/metrics', options)).text()
  }

  /**
   * The peers that the router is connected to, those first that came first.
   * @example
   * const relayed = await client.peers({ path: 'relayed' })
   */
  async peers(filter: PeerFilter = {}, options: AbortOptions = {}): Promise<PeerView[]> {
    const { direction, path, text: q } = filter
    return await this.#all('/v1/peers', { direction, path, q }, options)
  }

  /**
   * The routers of the namespace that this node knows, itself first if it is one.
   * @example
   * const others = (await client.routers()).filter(({ is_self: isSelf }) => !isSelf)
   */
  async routers(filter: RouterFilter = {}, options: AbortOptions = {}): Promise<RouterView[]> {
    return await this.#all('/v1/routers', { q: filter.text }, options)
  }

  /**
   * What the router is in its mesh, and what peers have done wrong. Needs scope `operate`.
   * @example
   * const { offences, shunned } = await client.security()
   */
  async security(options: AbortOptions = {}): Promise<SecurityView> {
    return this.get('/v1/security', options)
  }

  /**
   * Copies the router's job store while it goes on working: beside it, or into a file on its machine.
   * @throws MeshError STORE_FAILED
   * @example
   * const { file, bytes } = await client.backup()
   */
  async backup(file?: string, options: AbortOptions = {}): Promise<BackupView> {
    const body = file === undefined ? {} : { file }
    return this.post('/v1/store/backup', body, { ...options, timeoutMs: BACKUP_TIMEOUT_MS })
  }

  /**
   * Makes a named token of the API. Needs scope `operate`, as all that is about tokens.
   * @throws MeshError FIELD_INVALID, TOO_MANY_REQUESTS
   * @example
   * const { token } = await client.createToken({ name: 'ci', scope: 'submit', ttl: '30d' })
   */
  async createToken(request: TokenRequest, options: AbortOptions = {}): Promise<TokenView> {
    return this.post('/v1/tokens', request, options)
  }

  /**
   * The named tokens, without the tokens themselves.
   * @example
   * const expiring = (await client.tokens()).filter(({ expires_at_ms }) => expires_at_ms < soonMs)
   */
  async tokens(options: AbortOptions = {}): Promise<TokenView[]> {
    return this.get('/v1/tokens', options)
  }

  /**
   * Revokes a named token, by its id. From then on nothing is answered to it.
   * @throws MeshError NOT_FOUND
   * @example
   * await client.revokeToken('k3v9x2mq')
   */
  async revokeToken(id: string, options: AbortOptions = {}): Promise<TokenView> {
    return this.delete(`/v1/tokens/${encodeURIComponent(id)}`, options)
  }

  /**
   * Whether the router can do its work. Needs no token.
   * @example
   * const { status, workers_ready } = await client.health()
   */
  async health(options: AbortOptions = {}): Promise<HealthView> {
    return this.get('/v1/health', options)
  }

  /** Every page of a list that is short, as a rule. */
  async #all<T>(path: string, query: ApiQuery, options: AbortOptions): Promise<T[]> {
    const limit = LIMITS.pageRowsMax
    return await Array.fromAsync(this.pages<T>(path, { ...options, query, limit }))
  }
}

function nodePath(peer: string): string {
  return `/v1/nodes/${encodeURIComponent(peer)}`
}
