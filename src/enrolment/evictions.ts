/**
 * Shows the door: to those who were banned and those whose certificate has run out, whatever they are in the
 * middle of; and to strangers who have not shown one soon after they came.
 */
import { MeshError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { Connection } from '@libp2p/interface'
import type { ErrorCode } from '../core/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { Members } from '../membership/members.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Notices } from '../membership/notices.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Startable } from '../core/startable.ts'

export interface EvictionsComponents {
  clock: Clock
  logger: Logger
  members: Members
  node: MeshNode
  notices: Notices
  sessions: () => Pick<SessionService, 'dismiss'>
}

/** From the connection to the certificate: a slow line, a busy machine, and a token that is exchanged first. */
const STRANGER_MS = 15_000
const LOOK_MS = 2_000
/** Some come again every few seconds for weeks: the log has a line of each now and then. */
const LOG_PAUSE_MS = 3_600_000

/** What may be but for the time being: a certificate is on its way, or is just being renewed. */
const PASSING: ReadonlySet<string> = new Set<ErrorCode>(['NOT_A_MEMBER', 'CREDENTIAL_EXPIRED'])

export class Evictions implements Startable {
  readonly #components: EvictionsComponents
  /** When each connection was looked at first: wall clocks, by which libp2p dates them, are set now and then. */
  readonly #seenAtMs = new WeakMap<Connection, number>()
  readonly #leaving = new WeakSet<Connection>()
  /** When the log was last told of a peer. */
  readonly #loggedAtMs = new RecentMap<string, number>(LIMITS.membersMax)
  #cancel: CancelTimer = () => {}

  constructor(components: EvictionsComponents) {
    this.#components = components
    components.notices.onChange(() => this.#look())
  }

  async start(): Promise<void> {
    this.#cancel = this.#components.clock.every(LOOK_MS, () => this.#look())
  }

  async stop(): Promise<void> {
    this.#cancel()
  }

  #look(): void {
    for (const connection of this.#components.node.libp2p.getConnections()) {
      if (this.#leaving.has(connection)) continue
      const why = this.#reasonFor(connection)
      if (why !== undefined) void this.#dismiss(connection, why)
    }
  }

  #reasonFor(connection: Connection): MeshError | undefined {
    const ageMs = this.#ageMsOf(connection)
    try {
      this.#components.members.require(connection.remotePeer.toString())
      return undefined
    } catch (cause) {
      const error = MeshError.from(cause)
      return PASSING.has(error.code) && ageMs < STRANGER_MS ? undefined : error
    }
  }

  #ageMsOf(connection: Connection): number {
    const nowMs = this.#components.clock.monotonicMs()
    const seenAtMs = this.#seenAtMs.get(connection) ?? nowMs
    this.#seenAtMs.set(connection, seenAtMs)
    return nowMs - seenAtMs
  }

  async #dismiss(connection: Connection, why: MeshError): Promise<void> {
    this.#leaving.add(connection)
    const peer = connection.remotePeer.toString()
    this.#log(peer, why)
    await this.#components.sessions().dismiss(peer, why)
    connection.abort(why)
  }

  #log(peer: string, { code }: MeshError): void {
    const { clock, logger } = this.#components
    const nowMs = clock.monotonicMs()
    const isNews = nowMs - (this.#loggedAtMs.get(peer) ?? -Infinity) >= LOG_PAUSE_MS
    if (isNews) this.#loggedAtMs.set(peer, nowMs)
    logger[isNews ? 'info' : 'debug']({ peer, code }, 'peer dismissed')
  }
}
