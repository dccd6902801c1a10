/**
 * Shows the door: to those who were banned and those whose certificate has run out, whatever they are in the
 * middle of; and to strangers who have not shown one soon after they came.
 */
import { MeshError } from '../core/errors.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { Connection } from '@libp2p/interface'
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

export class Evictions implements Startable {
  readonly #components: EvictionsComponents
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
    const nowMs = this.#components.clock.wallMs()
    for (const connection of this.#components.node.libp2p.getConnections()) {
      const why = this.#reasonFor(connection, nowMs)
      if (why !== undefined) void this.#dismiss(connection, why)
    }
  }

  #reasonFor({ remotePeer, timeline }: Connection, nowMs: number): MeshError | undefined {
    const peer = remotePeer.toString()
    try {
      this.#components.members.require(peer)
      return undefined
    } catch (cause) {
      const error = MeshError.from(cause)
      const isFresh = nowMs - timeline.open < STRANGER_MS
      return error.code === 'NOT_A_MEMBER' && isFresh ? undefined : error
    }
  }

  async #dismiss(connection: Connection, why: MeshError): Promise<void> {
    const { logger, sessions } = this.#components
    const peer = connection.remotePeer.toString()
    logger.info({ peer, code: why.code }, 'peer dismissed')
    await sessions().dismiss(peer, why)
    connection.abort(why)
  }
}
