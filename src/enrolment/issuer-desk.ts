/**
 * The commands by which others come into the mesh, and by which operators decide about them: of a bootstrap that
 * the authority has delegated this to.
 */
import { join } from 'node:path'
import { Issuer } from '../membership/issuer.ts'
import { MeshError } from '../core/errors.ts'
import { NOTICES_PER_MESSAGE } from './notice-exchange.ts'
import { Pace } from '../core/pace.ts'
import { Register } from '../membership/register.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandContext, CommandHandlers } from '../protocol/command-server.ts'
import type { Credentials } from './credentials.ts'
import type { Exchange } from '../membership/issuer.ts'
import type { JoinMeshParams, JoinMeshResult } from '../model/generated/commands-join-mesh.ts'
import type { ListMembersResult } from '../model/generated/commands-list-members.ts'
import type { Logger } from '../observe/logger.ts'
import type { Member } from '../membership/register.ts'
import type { KeyObject } from 'node:crypto'
import type { Notices } from '../membership/notices.ts'
import type { Startable } from '../core/startable.ts'

export interface IssuerDeskComponents {
  credentials: Credentials
  /** Of this node, which signs what it may. */
  key: KeyObject
  logger: Logger
  notices: Notices
  clock: Clock
  selfPeer: string
}

/** An operator is a person. */
const ASK_AGAIN_S = 5
const MEMBERS_PER_PAGE = 100
/** Anybody may ask, and each time costs some signatures. Those who wait for an operator ask every few seconds. */
const PACE = { burst: 10, perSecond: 0.5 }
/** As many pages as there can be, and again; one that shows few of many has all of them looked at. */
const PAGES_PACE = { burst: 200, perSecond: 2 }

export class IssuerDesk implements Startable {
  readonly #components: IssuerDeskComponents
  readonly #init: { meshId: string; folder: string }
  readonly #pace: Pace
  readonly #pagesPace: Pace
  #isOpen = false
  #issuer: Issuer | undefined
  #register: Register | undefined

  constructor(components: IssuerDeskComponents, init: { meshId: string; folder: string }) {
    this.#components = components
    this.#init = init
    this.#pace = new Pace(components.clock, PACE)
    this.#pagesPace = new Pace(components.clock, PAGES_PACE)
    components.credentials.onRenewed(() => this.#open())
  }

  /** By the right that the node has now: it may be renewed while it runs. */
  #open(): void {
    const { clock, credentials, key, notices, selfPeer } = this.#components
    const { delegation: claims, membership } = credentials
    if (!this.#isOpen || claims === undefined || membership?.delegation === undefined) return
    const { folder, meshId } = this.#init
    this.#register ??= new Register(join(folder, 'register.sqlite'))
    const signatory = { meshId, key, delegation: membership.delegation }
    const shared = { notices, nowMs: () => clock.wallMs(), selfPeer, signatory }
    this.#issuer = new Issuer({ ...shared, delegation: claims, register: this.#register })
  }

  /** Once the node is a member: only then is it known what it may. @throws MeshError STORE_FAILED */
  async start(): Promise<void> {
    this.#isOpen = true
    this.#open()
  }

  async stop(): Promise<void> {
    this.#isOpen = false
    this.#issuer = undefined
    this.#register?.close()
    this.#register = undefined
  }

  handlers(): CommandHandlers {
    return {
      JOIN_MESH: async (params, context) => ({ result: await this.#join(params, context) }),
      LIST_MEMBERS: ({ after, limit = MEMBERS_PER_PAGE, state }, { remotePeer }) => {
        if (!this.#pagesPace.take(remotePeer, 1)) {
          throw new MeshError('TOO_MANY_REQUESTS', 'you have read of members often enough for now')
        }
        return { result: { members: this.#required().list({ after, limit, state }).map(toView) } }
      },
      DECIDE_MEMBER: async (params, { remotePeer }) => {
        const { notice, state } = await this.#required().decide(params)
        const { decision, subject } = params
        this.#components.logger.info({ decision, subject, operator: remotePeer }, 'member decided')
        return { result: { subject, state, ...(notice === undefined ? {} : { notice }) } }
      }
    }
  }

  async #join(
    params: JoinMeshParams,
    { remotePeer: peer }: CommandContext
  ): Promise<JoinMeshResult> {
    const { logger, notices } = this.#components
    if (!this.#pace.take(peer, 1)) {
      throw new MeshError('TOO_MANY_REQUESTS', 'you have asked to join often enough for now')
    }
    const { agent, name, token } = params
    const outcome = await exchange(this.#required(), params, { peer, agent, name })
    logger.info({ peer, state: outcome.state, renewal: token === undefined }, 'asked to join')
    if (outcome.state === 'pending') return { state: 'pending', retry_after_s: ASK_AGAIN_S }
    // If there are more, they come as they do to every member.
    return { ...outcome, notices: notices.textsBut().slice(0, NOTICES_PER_MESSAGE) }
  }

  #required(): Issuer {
    if (this.#issuer !== undefined) return this.#issuer
    throw new MeshError('COMMAND_NOT_SERVED', 'this bootstrap may let nobody in', {
      path: 'command',
      hint: 'ask one that the authority has delegated it to, or ask the authority for a token for this one'
    })
  }
}

async function exchange(
  issuer: Issuer,
  { certificate, token }: Pick<JoinMeshParams, 'certificate' | 'token'>,
  applicant: Parameters<Issuer['exchange']>[1]
): Promise<Exchange> {
  if (token !== undefined) return await issuer.exchange(token, applicant)
  if (certificate !== undefined) return await issuer.renew(certificate, applicant)
  throw new MeshError('FIELD_MISSING', 'neither a token nor a certificate came with it', {
    path: 'params.token',
    hint: 'send the token that `taskmesh token create` has printed, without its prefix tmjoin_'
  })
}

function toView(member: Member): ListMembersResult['members'][number] {
  const { agent, decidedAtMs, expiresAtMs, firstAtMs, name, reason, token } = member
  return {
    peer_id: member.peer,
    role: member.role,
    state: member.state,
    labels: { ...member.labels },
    first_at_ms: firstAtMs,
    ...(name === undefined ? {} : { name }),
    ...(agent === undefined ? {} : { agent }),
    ...(token === undefined ? {} : { token }),
    ...(decidedAtMs === undefined ? {} : { decided_at_ms: decidedAtMs }),
    ...(expiresAtMs === undefined ? {} : { expires_at_ms: expiresAtMs }),
    ...(reason === undefined ? {} : { reason })
  }
}
