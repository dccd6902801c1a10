/** The half of `ApiClient` that is about the mesh: workers, peers, the router itself. */
import { DecisionApi } from './api-decisions.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { AvailabilityRequest } from '../model/generated/api-availability.ts'
import type { BackupView } from '../model/generated/api-backup.ts'
import type { HealthView } from '../model/generated/api-health.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { SecurityView } from '../model/generated/api-security.ts'
import type { TokenRequest } from '../model/generated/api-token-request.ts'
import type { TokenView } from '../model/generated/api-token.ts'

/** A store of gigabytes on a slow disk. */
const BACKUP_TIMEOUT_MS = 600_000

export class MeshApi extends DecisionApi {
  /**
   * The workers that the router knows.
   * @example
   * const homes = await client.nodes({ require: ['zone = home'] })
   */
  async nodes(
    filter: { require?: readonly string[] | undefined } = {},
    options: AbortOptions = {}
  ): Promise<NodeView[]> {
    return this.get('/v1/nodes', { ...options, query: filter })
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
   * The peers that the router is connected to.
   * @example
   * const relayed = (await client.peers()).filter(({ path }) => path === 'relayed')
   */
  async peers(options: AbortOptions = {}): Promise<PeerView[]> {
    return this.get('/v1/peers', options)
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
}

function nodePath(peer: string): string {
  return `/v1/nodes/${encodeURIComponent(peer)}`
}
