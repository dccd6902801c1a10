/** Execution's way to the routers: the sessions that they keep with this worker. */
import { COMMANDS } from '../protocol/commands.ts'
import { MeshError } from '../core/errors.ts'
import type { ReportTaskParams, ReportTaskResult } from '../model/generated/commands-report-task.ts'
import type { RouterLinks, RouterLinksListener } from '../execution/leases/router-links.ts'
import type { SessionService } from '../protocol/session-service.ts'

/** A router answers a report from memory; after this the next report is worth more. */
const REPORT_TIMEOUT_MS = 10_000

export class SessionRouterLinks implements RouterLinks {
  readonly #sessions: SessionService

  constructor(components: { sessions: SessionService }) {
    this.#sessions = components.sessions
  }

  isConnected(peer: string): boolean {
    return this.#sessions.get(peer) !== undefined
  }

  tell(peer: string): void {
    this.#sessions.tell(peer)
  }

  async report(peer: string, params: ReportTaskParams): Promise<ReportTaskResult> {
    const session = this.#sessions.get(peer)
    if (session === undefined) {
      throw new MeshError('SESSION_CLOSED', `there is no session with ${peer}`)
    }
    const outgoing = { command: 'REPORT_TASK', params }
    const { error, result } = await session.request(outgoing, { timeoutMs: REPORT_TIMEOUT_MS })
    if (error !== undefined) throw error
    return COMMANDS.REPORT_TASK.checkResult(result)
  }

  listen({ onClosed, onConnected }: RouterLinksListener): void {
    this.#sessions.listen({ onOpened: onConnected, onClosed: (peer) => onClosed(peer) })
  }
}
