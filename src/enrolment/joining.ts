/**
 * Sees to it that a node has a certificate: gets one before anything else begins, by its token or by the one it
 * had, and a new one long before that runs out.
 */
import { AGENT } from '../core/version.ts'
import { MeshError } from '../core/errors.ts'
import { RENEWAL_GRACE_MS } from '../membership/documents.ts'
import { openCertificate } from '../membership/certificates.ts'
import { openJoinToken } from '../membership/join-tokens.ts'
import { firstOf } from '../core/first-of.ts'
import { sleep } from '../core/abort.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { Credentials } from './credentials.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { JoinMeshParams, JoinMeshResult } from '../model/generated/commands-join-mesh.ts'
import type { JoinToken } from '../membership/documents.ts'
import type { Logger } from '../observe/logger.ts'
import type { Members } from '../membership/members.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Notices } from '../membership/notices.ts'
import type { OwnMembership } from '../membership/own-membership.ts'
import type { Random } from '../core/random.ts'
import type { Startable } from '../core/startable.ts'

export interface JoiningComponents {
  binding: () => Pick<CommandBinding, 'ask'>
  clock: Clock
  credentials: Credentials
  logger: Logger
  members: Members
  node: MeshNode
  notices: Notices
  random: Random
}

export interface JoiningInit {
  /** Multiaddrs by which the mesh is found. */
  bootstrap: readonly string[]
  /** What its owner calls the node. */
  name?: string | undefined
  /** Of a node that was started with one, and has not been let in by it yet. */
  token?: { claims: JoinToken; signedText: string } | undefined
  /** Of a node that has a key at hand which may sign: makes its membership without asking anybody. */
  issueOwn?: (() => Promise<OwnMembership>) | undefined
}

const ANSWER_TIMEOUT_MS = 15_000
/** An address where nobody has answered for so long has the next one tried beside it. */
const STAGGER_MS = 1_000
const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 10_000
/** A certificate is renewed once this share of its life is over, and whenever nobody could do it, tried again. */
const RENEW_SHARE = 0.5
const RENEW_RETRY_MS = 60_000
/** The wall clock may be set meanwhile: it is asked again after a day at most. */
const LOOK_MS_MAX = 24 * 3_600_000

/** Answers that will not change by asking again. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TOKEN_USED_UP',
  'CREDENTIAL_INVALID',
  'CREDENTIAL_EXPIRED',
  'CREDENTIAL_NOT_YET_VALID',
  'MESH_MISMATCH',
  'ROLE_MISMATCH',
  'REVOKED',
  'FIELD_INVALID',
  'FIELD_UNKNOWN'
])

export class Joining implements Startable {
  readonly #components: JoiningComponents
  readonly #init: JoiningInit
  readonly #controller = new AbortController()
  #cancelRenewal: CancelTimer = () => {}
  #trouble: MeshError | undefined

  constructor(components: JoiningComponents, init: JoiningInit) {
    this.#components = components
    this.#init = init
  }

  /**
   * Resolves when the node is a member. While the mesh cannot be reached, or an operator has to approve, it goes
   * on trying.
   * @throws MeshError TOKEN_USED_UP, REVOKED and what else no second try will change
   */
  async start(): Promise<void> {
    await this.#lookAtToken()
    for (let failures = 0; !this.#isMember(); failures += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      const pauseMs = await this.#tryOnce(failures)
      // oxlint-disable-next-line no-await-in-loop -- until somebody answers
      if (!this.#isMember()) await this.#pause(pauseMs)
    }
    this.#scheduleRenewal()
  }

  async stop(): Promise<void> {
    this.#controller.abort(new MeshError('STOPPING', 'this node is stopping'))
    this.#cancelRenewal()
  }

  /** What is wrong with it by itself needs nobody else to say so. It may bring all that others would give for it. */
  async #lookAtToken(): Promise<void> {
    const { clock, credentials, members } = this.#components
    const { issueOwn, token } = this.#init
    // Whoever makes all that it needs has no use for one.
    const needsNone = issueOwn !== undefined && credentials.membership === undefined
    if (token === undefined || needsNone) return
    // Whoever came in time may have been waiting for an operator ever since: the one that it waits at knows.
    const graceMs = token.claims.approval === true ? RENEWAL_GRACE_MS : 0
    const trust = { meshId: members.meshId, nowMs: clock.wallMs(), graceMs }
    await openJoinToken(token.signedText, trust).catch((cause: unknown) => {
      // A service is started again by the words that it once came with.
      const isSpent = MeshError.from(cause).code === 'CREDENTIAL_EXPIRED' && this.#isMember()
      if (!isSpent) throw cause
    })
    if (credentials.membership !== undefined) credentials.replace(credentials.membership)
  }

  /** Whoever has no more patience wants to know what it was that kept it waiting. */
  async #pause(pauseMs: number): Promise<void> {
    const { signal } = this.#controller
    await sleep(this.#components.clock, pauseMs, { signal }).catch((cause: unknown) => {
      throw this.#trouble ?? cause
    })
  }

  #isMember(): boolean {
    const { clock, credentials } = this.#components
    return (credentials.claims?.exp ?? 0) * 1_000 > clock.wallMs()
  }

  /** A certificate that ran out long ago is worth nothing, and a token may still be. */
  #rightToJoin(): Pick<JoinMeshParams, 'certificate' | 'token'> {
    const { clock, credentials } = this.#components
    const { certificate, claims } = credentials
    const { token } = this.#init
    const isSpent = (claims?.exp ?? 0) * 1_000 + RENEWAL_GRACE_MS < clock.wallMs()
    const isExchangeable = token?.claims.aud !== undefined
    if (certificate !== undefined && !(isSpent && isExchangeable)) return { certificate }
    return token === undefined ? {} : { token: token.signedText }
  }

  /** @returns after how many milliseconds it is worth another try */
  async #tryOnce(failures: number): Promise<number> {
    const { logger, node, random } = this.#components
    try {
      const answer = await this.#obtain()
      if (answer === undefined) return 0
      const hint = `on the operator's machine: taskmesh node approve ${node.selfPeer}`
      if (this.#trouble?.code !== 'APPROVAL_PENDING')
        logger.warn({ peer: node.selfPeer, hint }, 'waiting for approval')
      this.#trouble = new MeshError('APPROVAL_PENDING', 'the operator has not let it in yet', {
        hint
      })
      return answer.retryMs
    } catch (cause) {
      const error = MeshError.from(cause)
      if (this.#controller.signal.aborted) throw this.#trouble ?? error
      if (FINAL.has(error.code)) throw error
      this.#trouble = error
      const level = failures === 0 ? 'warn' : 'debug'
      logger[level]({ code: error.code, why: error.message }, 'not joined yet, trying on')
      return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** failures) * (0.5 + random.next() / 2)
    }
  }

  /** @returns undefined once it has a certificate, or when to ask again */
  async #obtain(): Promise<{ retryMs: number } | undefined> {
    const { clock, credentials, notices } = this.#components
    const { issueOwn } = this.#init
    if (issueOwn !== undefined) {
      credentials.replace(await issueOwn())
      return undefined
    }
    const params = this.#rightToJoin()
    const result = await firstOf(
      [...this.#init.bootstrap, ...this.#metBootstraps()],
      (address, signal) => this.#askAt(address, params, signal),
      { clock, signal: this.#controller.signal, staggerMs: STAGGER_MS, failure: mostTelling }
    )
    if (result.certificate === undefined) return { retryMs: (result.retry_after_s ?? 5) * 1_000 }
    await this.#take(result.certificate)
    await notices.add(result.notices ?? [])
    return undefined
  }

  /** They may have other addresses by now than those that this node was given. */
  #metBootstraps(): string[] {
    const { members, node } = this.#components
    const peers = node.libp2p.getPeers().map(String)
    return peers.filter((peer) => members.of(peer)?.role === 'bootstrap')
  }

  /** @param to its address, or its peer id */
  async #askAt(
    to: string,
    params: Pick<JoinMeshParams, 'certificate' | 'token'>,
    signal: AbortSignal
  ): Promise<JoinMeshResult> {
    const { binding, node } = this.#components
    const { name, token } = this.#init
    const timeLimit = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    const peer = await node.dial(to, { signal: AbortSignal.any([signal, timeLimit]) })
    // Whoever has the text of a token has its right: nobody sees it but the node that exchanges it.
    if (params.token !== undefined && token?.claims.aud !== peer) throw notTheIssuer(peer, token)
    const own = { ...params, agent: AGENT, ...(name === undefined ? {} : { name }) }
    return await binding().ask(peer, 'JOIN_MESH', own, { timeoutMs: ANSWER_TIMEOUT_MS, signal })
  }

  async #take(certificate: string): Promise<void> {
    const { clock, credentials, logger, members, node } = this.#components
    const trust = { meshId: members.meshId, nowMs: clock.wallMs() }
    const { claims } = await openCertificate(certificate, node.selfPeer, trust)
    const { bootstrap, token } = this.#init
    credentials.replace({
      delegation: credentials.membership?.delegation,
      networkKey: credentials.membership?.networkKey ?? token?.claims.network_key,
      namespace: credentials.membership?.namespace ?? token?.claims.namespace,
      bootstrap,
      certificate
    })
    const until = new Date(claims.exp * 1_000).toISOString()
    logger.info({ mesh: members.meshId, role: claims.role, until }, 'member of the mesh')
  }

  #scheduleRenewal(): void {
    const { clock, credentials } = this.#components
    const { exp = 0, iat = 0 } = credentials.claims ?? {}
    const dueMs = (iat + (exp - iat) * RENEW_SHARE) * 1_000 - clock.wallMs()
    const delayMs = Math.min(LOOK_MS_MAX, Math.max(RENEW_RETRY_MS, dueMs))
    this.#cancelRenewal = clock.after(delayMs, () => void this.#renew(dueMs <= delayMs))
  }

  async #renew(isDue: boolean): Promise<void> {
    if (isDue) {
      await this.#obtain().catch((cause: unknown) => {
        const { code, message } = MeshError.from(cause)
        this.#components.logger.warn({ code, why: message }, 'certificate not renewed, trying on')
      })
    }
    if (!this.#controller.signal.aborted) this.#scheduleRenewal()
  }
}

/** What a node that answered has said tells more than those that did not. */
function mostTelling(errors: readonly MeshError[]): MeshError {
  const answered = errors.find(({ code }) => FINAL.has(code))
  return (
    answered ??
    errors.at(-1) ??
    new MeshError('PEER_UNREACHABLE', 'no bootstrap is known', {
      hint: 'name one with --bootstrap, or make the token with --bootstrap'
    })
  )
}

function notTheIssuer(peer: string, token: JoiningInit['token']): MeshError {
  const message = `${peer} answers there, and the token is exchanged by ${token?.claims.aud ?? 'nobody'}`
  return new MeshError('WRONG_RECIPIENT', message, {
    hint: 'name the right bootstrap with --bootstrap, or ask for a new token'
  })
}
