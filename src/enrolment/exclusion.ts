/**
 * Tells a node's owner, once, that others take it for banned, and that they do no more. Whoever is banned hears of it
 * by being refused: the notice itself goes round among members only.
 */
import { LIMITS } from '../core/limits.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshError } from '../core/errors.ts'

export interface ExclusionComponents {
  logger: Logger
  selfPeer: string
}

export class Exclusion {
  readonly #components: ExclusionComponents
  /** Those who have refused it. */
  readonly #refusers = new RecentMap<string, true>(LIMITS.membersMax)

  constructor(components: ExclusionComponents) {
    this.#components = components
  }

  /** A peer has refused this node, for whatever reason. */
  refused(peer: string, { code, message }: MeshError): void {
    if (code !== 'REVOKED') return
    const isNews = this.#refusers.size === 0
    this.#refusers.set(peer, true)
    if (!isNews) return
    const { logger, selfPeer } = this.#components
    const hint = `it goes on trying; on an operator's machine: taskmesh node pardon ${selfPeer}`
    logger.error({ toldBy: peer, why: message, hint }, 'banned from the mesh')
  }

  /** A peer has taken this node for a member. */
  welcomed(peer: string): void {
    if (!this.#refusers.has(peer)) return
    this.#refusers.clear()
    this.#components.logger.info({ toldBy: peer }, 'no longer banned from the mesh')
  }
}
