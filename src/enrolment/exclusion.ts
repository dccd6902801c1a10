/**
 * Tells a node's owner, once, that others keep it out of the mesh, and once that they do no more. Whoever is banned
 * hears of it by being refused: the notice itself goes round among members only.
 */
import { LIMITS } from '../core/limits.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshError } from '../core/errors.ts'

export interface ExclusionComponents {
  clock: Pick<Clock, 'monotonicMs'>
  logger: Logger
}

/** A pardon is everywhere by then: until it is, one node takes it in and the next does not. */
const SPREAD_MS = 60_000

export class Exclusion {
  readonly #components: ExclusionComponents
  /** Those who have refused it since somebody did not. */
  readonly #refusers = new RecentMap<string, true>(LIMITS.membersMax)
  #isTold = false
  #pardonedAtMs = -Infinity

  constructor(components: ExclusionComponents) {
    this.#components = components
  }

  /** A peer has refused this node, for whatever reason. */
  refused(peer: string, { code, hint, message }: MeshError): void {
    if (code !== 'REVOKED') return
    this.#refusers.set(peer, true)
    const { clock, logger } = this.#components
    if (this.#isTold || clock.monotonicMs() - this.#pardonedAtMs < SPREAD_MS) return
    this.#isTold = true
    logger.error({ toldBy: peer, why: message, hint }, 'kept out of the mesh')
  }

  /** A peer has taken this node for a member; it says something new if it has refused it before. */
  welcomed(peer: string): void {
    if (!this.#refusers.has(peer)) return
    const { clock, logger } = this.#components
    this.#refusers.clear()
    if (this.#isTold) logger.info({ toldBy: peer }, 'let into the mesh again')
    this.#isTold = false
    this.#pardonedAtMs = clock.monotonicMs()
  }
}
