/**
 * Lets others into the mesh, in the authority's place: exchanges tokens and old certificates for new ones, keeps
 * those waiting of whom an operator has to approve, and signs notices about those who must leave.
 */
import { MeshError } from '../core/errors.ts'
import { issueCertificate, openCertificate } from './certificates.ts'
import { CERTIFICATE_MS, JOIN_TOKEN, RENEWAL_GRACE_MS } from './documents.ts'
import { openJoinToken } from './join-tokens.ts'
import { bannedError } from './members.ts'
import { readClaims } from './signed-claims.ts'
import { signNotice } from './notices.ts'
import type { Certificate, JoinToken, MemberRole, Notice } from './documents.ts'
import type { Delegation } from '../model/generated/delegation.ts'
import type { Member, MemberQuery, MemberState, Register } from './register.ts'
import type { Notices } from './notices.ts'
import type { Signatory, Trust } from './signed-claims.ts'

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
    const { register } = this.#components
    const { jti } = readClaims(signedText, JOIN_TOKEN)
    // Who came in time may wait for an operator until long after, and then fetch what it has waited for.
    const graceMs = register.get(applicant.peer)?.token === jti ? RENEWAL_GRACE_MS : 0
    const { by, claims } = await openJoinToken(signedText, { ...this.#trust(), graceMs })
    this.#requireOwn(claims)
    this.#refuseBanned(applicant, jti, by?.sub)
    // From here on nothing waits: two that come at once are counted one after the other.
    const known = register.get(applicant.peer)
    const member = known?.token === jti ? known : this.#enter(claims, applicant, by?.sub)
    return await this.#answer(member)
  }

  /**
   * Exchanges a certificate that will soon run out, or has not for long. Of what it says and what is known here the
   * later word counts: an old certificate brings nothing back.
   * @throws MeshError REVOKED, and as `openCertificate`
   */
  async renew(certificate: string, applicant: Applicant): Promise<Exchange> {
    const trust = { ...this.#trust(), graceMs: RENEWAL_GRACE_MS }
    const { by, claims } = await openCertificate(certificate, applicant.peer, trust)
    const known = this.#components.register.get(applicant.peer)
    // Whoever a banned issuer has let in does not become the member of another by this.
    this.#refuseBanned(applicant, claims.token, by?.sub, known?.letInBy)
    const isKnown = known !== undefined && known.state !== 'pending'
    if (isKnown && claims.iat * 1_000 < (known.decidedAtMs ?? 0)) return await this.#answer(known)
    const selfPeer = this.#components.selfPeer
    const letInBy = by?.sub === selfPeer ? known?.letInBy : by?.sub
    return await this.#admit({ ...this.#memberAs(claims, applicant, known), letInBy })
  }

  /** With what has become of them since: whoever was banned, here or elsewhere, is shown so. */
  list({ after, limit, state }: MemberQuery): Member[] {
    const found: Member[] = []
    for (const known of this.#components.register.list(after)) {
      const member = this.#asOfNow(known)
      if (state === undefined || member.state === state) found.push(member)
      if (found.length >= limit) break
    }
    return found
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
    const known = register.get(subject)
    const member = known === undefined ? undefined : this.#asOfNow(known)
    if (member?.state !== 'pending' && member?.state !== 'rejected')
      throw notWaiting(member, subject)
    const state = decision === 'approve' ? 'admitted' : 'rejected'
    const decidedAtMs = this.#components.nowMs()
    const fixed = { ...member.labels, ...labels }
    register.put({ ...member, state, labels: fixed, decidedAtMs, reason }, decidedAtMs)
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
    const state = register.get(subject)?.state ?? 'admitted'
    // A pardon does not do against the authority's own word.
    return { state: notices.banOf(subject) === undefined ? state : 'banned', notice }
  }

  #asOfNow(member: Member): Member {
    const ban = this.#banOf(member.peer, member.token, member.letInBy)
    if (ban === undefined) return member
    return { ...member, state: 'banned', decidedAtMs: ban.iat * 1_000, reason: ban.reason }
  }

  /** Of the first that is banned. */
  #banOf(...subjects: readonly (string | undefined)[]): Notice | undefined {
    const { notices } = this.#components
    const banned = subjects.find((subject) => notices.banOf(subject) !== undefined)
    return notices.banOf(banned)
  }

  #trust(): Trust {
    const { nowMs, signatory } = this.#components
    return { meshId: signatory.meshId, nowMs: nowMs() }
  }

  /** @param signer the delegate that has made the token: once it is banned, so is who came by it */
  #enter(token: JoinToken, applicant: Applicant, signer: string | undefined): Member {
    const { nowMs, register, selfPeer } = this.#components
    const isCounted = register.hasUsed(token.jti, applicant.peer)
    if (!isCounted && register.usesOf(token.jti) >= (token.uses ?? 1)) {
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
      letInBy: signer === selfPeer ? undefined : signer,
      firstAtMs: nowMs(),
      decidedAtMs: isWaiting ? undefined : nowMs(),
      expiresAtMs: undefined,
      forgetAtMs: token.exp * 1_000 + RENEWAL_GRACE_MS,
      reason: undefined
    }
    register.enter(member, nowMs())
    return member
  }

  #memberAs(
    { exp, iat, labels = {}, role, token }: Certificate,
    { agent, name, peer }: Applicant,
    known: Member | undefined
  ): Member {
    const firstAtMs = known?.firstAtMs ?? this.#components.nowMs()
    return {
      peer,
      role,
      state: 'admitted',
      labels,
      token,
      name,
      agent,
      reason: known?.reason,
      letInBy: undefined,
      firstAtMs,
      decidedAtMs: iat * 1_000,
      expiresAtMs: undefined,
      forgetAtMs: exp * 1_000 + RENEWAL_GRACE_MS
    }
  }

  async #answer(member: Member): Promise<Exchange> {
    if (member.state === 'pending') return { state: 'pending' }
    if (member.state === 'rejected') throw rejectedError(member)
    return await this.#admit(member)
  }

  async #admit(member: Member): Promise<Exchange> {
    const { delegation, register, signatory } = this.#components
    const { labels, peer, role, token } = member
    this.#requireRole(role)
    const nowMs = this.#components.nowMs()
    // Whatever is signed after the right to sign has run out counts for nothing.
    const expiresAtMs = Math.min(nowMs + CERTIFICATE_MS, delegation.exp * 1_000)
    const forgetAtMs = expiresAtMs + RENEWAL_GRACE_MS
    register.put({ ...member, expiresAtMs, forgetAtMs }, nowMs)
    const grant = { peer, role, labels, token, nowMs, lifeMs: expiresAtMs - nowMs }
    return { state: 'admitted', certificate: await issueCertificate(grant, signatory) }
  }

  #requireOwn({ aud, role }: JoinToken): void {
    const { selfPeer } = this.#components
    if (aud !== selfPeer) {
      throw new MeshError('WRONG_RECIPIENT', `this token is exchanged by ${aud ?? 'nobody'}`, {
        hint: 'its bootstrap addresses must lead there'
      })
    }
    this.#requireRole(role)
  }

  #requireRole(role: MemberRole): void {
    const { delegation } = this.#components
    if (delegation.roles.includes(role)) return
    throw new MeshError('ROLE_MISMATCH', `this node may let in no ${role}`, {
      hint: `only: ${delegation.roles.join(', ')}`
    })
  }

  #refuseBanned({ peer }: Applicant, ...cameBy: readonly (string | undefined)[]): void {
    const ban = this.#banOf(peer, ...cameBy)
    if (ban !== undefined) throw bannedError(peer, ban)
  }
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
    hint:
      member.state === 'banned'
        ? 'take the ban back with `taskmesh node pardon`'
        : '`taskmesh node ban` makes it leave'
  })
}
