/**
 * Lets others into the mesh, in the authority's place: exchanges tokens and old certificates for new ones, keeps
 * those waiting of whom an operator has to approve, and signs notices about those who must leave.
 */
import { MeshError } from '../core/errors.ts'
import { issueCertificate, openCertificate } from './certificates.ts'
import { RENEWAL_GRACE_MS } from './documents.ts'
import { openJoinToken } from './join-tokens.ts'
import { bannedError } from './members.ts'
import { signNotice } from './notices.ts'
import type { Certificate, JoinToken } from './documents.ts'
import type { Delegation } from '../model/generated/delegation.ts'
import type { Member, MemberQuery, MemberState, Register } from './register.ts'
import type { Notices } from './notices.ts'
import type { Signatory } from './signed-claims.ts'

export interface IssuerComponents {
  signatory: Signatory
  /** PeerId of this node: tokens name who exchanges them. */
  selfPeer: string
  /** What this node may. */
  delegation: Delegation
  register: Register
  notices: Notices
  /** Milliseconds since 1970. */
  nowMs: () => number
}

/** Who asks, as its connection proves, and what it says of itself. */
export interface Applicant {
  peer: string
  agent?: string | undefined
  name?: string | undefined
}

export type Exchange = { state: 'admitted'; certificate: string } | { state: 'pending' }

export interface Decision {
  subject: string
  decision: 'approve' | 'reject' | 'ban' | 'pardon'
  reason?: string | undefined
  /** Of one that is approved: labels beside those of its token. */
  labels?: Readonly<Record<string, string>> | undefined
}

export interface Decided {
  state: MemberState
  /** What is to go round. */
  notice?: string
}

export class Issuer {
  readonly #components: IssuerComponents

  constructor(components: IssuerComponents) {
    this.#components = components
  }

  /**
   * Exchanges a token for a certificate. The same node may come again with the same token, as its answer may have
   * been lost: that counts once.
   * @throws MeshError TOKEN_USED_UP, WRONG_RECIPIENT, REVOKED, and as `openJoinToken`
   */
  async exchange(signedText: string, applicant: Applicant): Promise<Exchange> {
    const { nowMs, register, signatory } = this.#components
    const trust = { meshId: signatory.meshId, nowMs: nowMs() }
    const token = await openJoinToken(signedText, trust)
    this.#requireOwn(token)
    this.#refuseBanned(applicant.peer, token.jti)
    // From here on nothing waits: two that come at once are counted one after the other.
    const known = register.get(applicant.peer)
    const member = known?.token === token.jti ? known : this.#enter(token, applicant)
    return await this.#answer(member)
  }

  /**
   * Exchanges a certificate that will soon run out, or has not for long.
   * @throws MeshError REVOKED, and as `openCertificate`
   */
  async renew(certificate: string, applicant: Applicant): Promise<Exchange> {
    const { nowMs, register, signatory } = this.#components
    const { claims } = await this.#openOld(certificate, applicant.peer)
    this.#refuseBanned(applicant.peer, claims.token)
    const known = register.get(applicant.peer)
    if (known !== undefined && known.state !== 'pending') return await this.#answer(known)
    // Of the authority's own making, or of another issuer's.
    const member = this.#enterAs(claims, applicant, nowMs())
    const grant = { ...grantOf(member), nowMs: nowMs() }
    return { state: 'admitted', certificate: await issueCertificate(grant, signatory) }
  }

  list(query: MemberQuery): Member[] {
    return this.#components.register.list(query)
  }

  /**
   * An operator's word on a node, or on a token and all who came by it.
   * @throws MeshError NODE_NOT_FOUND (nobody waits or was let in here by that name), FIELD_INVALID
   */
  async decide({ decision, labels, reason, subject }: Decision): Promise<Decided> {
    const { register } = this.#components
    if (decision === 'ban' || decision === 'pardon') {
      return await this.#announce(subject, decision, reason)
    }
    const member = register.get(subject)
    if (member?.state !== 'pending' && member?.state !== 'rejected')
      throw notWaiting(member, subject)
    const state = decision === 'approve' ? 'admitted' : 'rejected'
    register.put({
      ...member,
      state,
      labels: { ...member.labels, ...labels },
      decidedAtMs: this.#components.nowMs(),
      reason
    })
    return { state }
  }

  async #announce(
    subject: string,
    verdict: 'ban' | 'pardon',
    reason: string | undefined
  ): Promise<Decided> {
    const { notices, nowMs, register, selfPeer, signatory } = this.#components
    if (subject === selfPeer) {
      throw new MeshError('FIELD_INVALID', 'this node would shut itself out', {
        path: 'params.subject',
        hint: 'ask another node that lets others in, or sign the ban on the machine of the authority'
      })
    }
    const notice = await signNotice({ sub: subject, verdict, reason, nowMs: nowMs() }, signatory)
    await notices.add([notice])
    const state = verdict === 'ban' ? 'banned' : 'admitted'
    const member = register.get(subject)
    if (member !== undefined) register.put({ ...member, state, decidedAtMs: nowMs(), reason })
    return { state, notice }
  }

  /** One that has run out opens all the same, as long as the grace lasts. */
  async #openOld(
    certificate: string,
    peer: string
  ): Promise<Awaited<ReturnType<typeof openCertificate>>> {
    const { nowMs, signatory } = this.#components
    const trust = { meshId: signatory.meshId, nowMs: nowMs() }
    return await openCertificate(certificate, peer, trust).catch(async (cause: unknown) => {
      if ((cause as MeshError).code !== 'CREDENTIAL_EXPIRED') throw cause
      const earlier = { ...trust, nowMs: trust.nowMs - RENEWAL_GRACE_MS }
      return await openCertificate(certificate, peer, earlier)
    })
  }

  #enter(token: JoinToken, applicant: Applicant): Member {
    const { nowMs, register } = this.#components
    if (register.usesOf(token.jti) >= (token.uses ?? 1)) {
      throw new MeshError('TOKEN_USED_UP', 'as many have joined by this token as it allows', {
        hint: 'ask for a new one: `taskmesh token create --uses N`'
      })
    }
    const isWaiting = token.approval === true
    const member: Member = {
      peer: applicant.peer,
      role: token.role,
      state: isWaiting ? 'pending' : 'admitted',
      labels: token.labels ?? {},
      name: applicant.name,
      agent: applicant.agent,
      token: token.jti,
      firstAtMs: nowMs(),
      decidedAtMs: isWaiting ? undefined : nowMs(),
      expiresAtMs: undefined,
      reason: undefined
    }
    register.put(member)
    return member
  }

  #enterAs(
    { exp, labels = {}, role, token }: Certificate,
    applicant: Applicant,
    nowMs: number
  ): Member {
    const member: Member = {
      ...{ peer: applicant.peer, role, state: 'admitted', labels, token },
      ...{ name: applicant.name, agent: applicant.agent, reason: undefined },
      ...{ firstAtMs: nowMs, decidedAtMs: nowMs, expiresAtMs: exp * 1_000 }
    }
    this.#components.register.put(member)
    return member
  }

  async #answer(member: Member): Promise<Exchange> {
    const { nowMs, signatory } = this.#components
    if (member.state === 'pending') return { state: 'pending' }
    if (member.state === 'rejected') throw rejectedError(member)
    const grant = { ...grantOf(member), nowMs: nowMs() }
    return { state: 'admitted', certificate: await issueCertificate(grant, signatory) }
  }

  #requireOwn({ aud, role }: JoinToken): void {
    const { delegation, selfPeer } = this.#components
    if (aud !== selfPeer) {
      throw new MeshError('WRONG_RECIPIENT', `this token is exchanged by ${aud ?? 'nobody'}`, {
        hint: 'its bootstrap addresses must lead there'
      })
    }
    if (delegation.roles.includes(role)) return
    throw new MeshError('ROLE_MISMATCH', `this node may let in no ${role}`, {
      hint: `only: ${delegation.roles.join(', ')}`
    })
  }

  #refuseBanned(peer: string, token: string | undefined): void {
    const ban = this.#components.notices.banOf(peer) ?? this.#components.notices.banOf(token)
    if (ban !== undefined) throw bannedError(ban.reason)
  }
}

function grantOf({
  labels,
  peer,
  role,
  token
}: Member): Pick<Parameters<typeof issueCertificate>[0], 'labels' | 'peer' | 'role' | 'token'> {
  return { peer, role, labels, token }
}

function rejectedError({ reason }: Member): MeshError {
  return new MeshError(
    'REVOKED',
    `the operator of the mesh has said no${reason === undefined ? '' : `: ${reason}`}`
  )
}

function notWaiting(member: Member | undefined, subject: string): MeshError {
  if (member === undefined) {
    return new MeshError('NODE_NOT_FOUND', `nobody here goes by ${subject}`, {
      path: 'params.subject',
      hint: '`taskmesh node list --pending` shows who waits'
    })
  }
  return new MeshError('FIELD_INVALID', `${subject} does not wait: it is ${member.state}`, {
    path: 'params.subject',
    hint: member.state === 'banned' ? 'take the ban back with `taskmesh node pardon`' : undefined
  })
}
