/**
 * The peers that have shown this node that they belong to its mesh, each by a certificate that was checked. One
 * that runs out, or whose owner or token is banned, counts no more from that moment on.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { RecentMap } from '../core/recent-map.ts'
import { openCertificate } from './certificates.ts'
import type { Certificate, Notice } from './documents.ts'
import type { Notices } from './notices.ts'

export interface MembersInit {
  meshId: string
  notices: Notices
  /** Milliseconds since 1970. */
  nowMs: () => number
}

interface Shown {
  claims: Certificate
  text: string
  /** The delegate that has signed it. */
  by: string | undefined
  /** Until when it counts: as long as the right of its signer does. Seconds since 1970. */
  until: number
}

export class Members {
  readonly #init: MembersInit
  readonly #shown = new RecentMap<string, Shown>(LIMITS.membersMax)

  constructor(init: MembersInit) {
    this.#init = init
  }

  get meshId(): string {
    return this.#init.meshId
  }

  /**
   * Takes a certificate that a peer has shown, or that came with something it has signed. One that is older than
   * what the peer has shown before tells nothing new: it may have been under way for long.
   * @throws MeshError REVOKED, and as `openCertificate`
   */
  async admit(peer: string, text: string): Promise<Certificate> {
    const known = this.#shown.get(peer)
    const shown = known?.text === text ? known : await this.#open(peer, text)
    const why = this.#refusalOf(peer, shown)
    if (why !== undefined) throw why
    const isOld = known !== undefined && known.claims.iat > shown.claims.iat
    if (!isOld || this.#refusalOf(peer, known) !== undefined) this.#shown.set(peer, shown)
    return shown.claims
  }

  /** The certificate of a peer; undefined of a stranger, and of one whose certificate counts no more. */
  of(peer: string): Certificate | undefined {
    const shown = this.#shown.get(peer)
    return shown === undefined || this.#refusalOf(peer, shown) !== undefined
      ? undefined
      : shown.claims
  }

  /** True of whoever was banned itself: who came by what was banned may have a better certificate by now. */
  isBanned(peer: string): boolean {
    return this.#init.notices.banOf(peer) !== undefined
  }

  /** @throws MeshError NOT_A_MEMBER, REVOKED, CREDENTIAL_EXPIRED */
  require(peer: string): Certificate {
    const shown = this.#shown.get(peer)
    const why = shown === undefined ? this.#strangerError(peer) : this.#refusalOf(peer, shown)
    if (why !== undefined) throw why
    return (shown as Shown).claims
  }

  async #open(peer: string, text: string): Promise<Shown> {
    const { meshId, nowMs } = this.#init
    const { by, claims } = await openCertificate(text, peer, { meshId, nowMs: nowMs() })
    const until = Math.min(claims.exp, by?.exp ?? claims.exp)
    return { claims, text, by: by?.sub, until }
  }

  #refusalOf(peer: string, { by, claims, until }: Shown): MeshError | undefined {
    const { notices, nowMs } = this.#init
    const ban = notices.banOf(peer) ?? notices.banOf(claims.token) ?? notices.banOf(by)
    if (ban !== undefined) return bannedError(peer, ban)
    if (nowMs() < until * 1_000) return undefined
    return new MeshError('CREDENTIAL_EXPIRED', `the certificate of ${peer} has run out`)
  }

  #strangerError(peer: string): MeshError {
    const ban = this.#init.notices.banOf(peer)
    return ban === undefined
      ? new MeshError('NOT_A_MEMBER', `${peer} has shown no certificate of this mesh`, {
          hint: 'start it with --join TOKEN; `taskmesh token create` on the machine of the authority makes one'
        })
      : bannedError(peer, ban)
  }
}

/** Read at both ends of a connection: it names the peer, and what it was banned with. */
export function bannedError(
  peer: string,
  { reason, sub }: Pick<Notice, 'reason' | 'sub'>
): MeshError {
  const why = reason === undefined ? '' : `: ${reason}`
  if (sub === peer) {
    return new MeshError('REVOKED', `${peer} was banned from the mesh${why}`, {
      hint: `on an operator's machine: taskmesh node pardon ${peer}`
    })
  }
  return new MeshError('REVOKED', `what had let ${peer} into the mesh was revoked${why}`, {
    hint: 'start it with a new token: --join @FILE'
  })
}
