/** Dispatch's port to the workers, over the sessions that the directory keeps. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { SessionAnswer } from '../protocol/session.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { StopOrder, TaskLink } from '../dispatch/ports.ts'

export interface SessionTaskLinkComponents {
  sessions: SessionService
  clock: Clock
  logger: Logger
}

type WaitOptions = AbortOptions & { timeoutMs: number }

/** Releases are gathered for so long: a worker is in no hurry to forget, and one message does for many. */
const RELEASE_DELAY_MS = 250
const RELEASE_TIMEOUT_MS = 10_000

export class SessionTaskLink implements TaskLink {
  readonly #components: SessionTaskLinkComponents
  /** Leases to be released, by worker. */
  readonly #releases = new Map<string, string[]>()

  constructor(components: SessionTaskLinkComponents) {
    this.#components = components
  }

  async execute(
    peer: string,
    { assignment, text, trace }: Parameters<TaskLink['execute']>[1],
    options: WaitOptions
  ): Promise<SessionAnswer> {
    const { sessions } = this.#components
    // One that was just lost is opened anew.
    const session = sessions.get(peer) ?? (await sessions.open(peer, options))
    const command = { command: 'EXECUTE_TASK', params: { assignment }, bulk: text, trace }
    return await session.request(command, options)
  }

  async attach(
    peer: string,
    { leaseId, logFrom }: Parameters<TaskLink['attach']>[1],
    options: WaitOptions
  ): Promise<SessionAnswer> {
    const params = { lease_id: leaseId, log_from: logFrom }
    return await this.#request(peer, { command: 'ATTACH_TASK', params }, options)
  }

  async stop(
    peer: string,
    { killAfterMs, leaseId, reason }: StopOrder,
    options: WaitOptions
  ): Promise<boolean> {
    const session = this.#components.sessions.get(peer)
    if (session === undefined) return false
    const params = {
      lease_id: leaseId,
      reason,
      ...(killAfterMs === undefined ? {} : { kill_after_ms: killAfterMs })
    }
    const answer = await session.request({ command: 'STOP_TASK', params }, options)
    if (answer.error !== undefined) throw answer.error
    return answer.result?.['state'] !== 'unknown'
  }

  async ask(peer: string, options: WaitOptions): Promise<unknown> {
    const answer = await this.#request(peer, { command: 'GET_CAPABILITIES', params: {} }, options)
    if (answer.error !== undefined) throw answer.error
    return answer.result?.['load']
  }

  release(peer: string, leaseId: string): void {
    const waiting = this.#releases.get(peer)
    if (waiting !== undefined) {
      waiting.push(leaseId)
      if (waiting.length >= LIMITS.releasedLeasesMax) this.#sendReleases(peer)
      return
    }
    this.#releases.set(peer, [leaseId])
    this.#components.clock.after(RELEASE_DELAY_MS, () => this.#sendReleases(peer))
  }

  /** What does not arrive is released when the worker reports it, or by its age. */
  #sendReleases(peer: string): void {
    const leaseIds = this.#releases.get(peer)
    if (leaseIds === undefined) return
    this.#releases.delete(peer)
    const outgoing = { command: 'RELEASE_TASKS', params: { lease_ids: leaseIds } }
    this.#request(peer, outgoing, { timeoutMs: RELEASE_TIMEOUT_MS }).catch((cause: unknown) => {
      this.#components.logger.debug({ peer, err: cause }, 'release not delivered')
    })
  }

  async #request(
    peer: string,
    outgoing: { command: string; params: object },
    options: WaitOptions
  ): Promise<SessionAnswer> {
    const session = this.#components.sessions.get(peer)
    if (session !== undefined) return await session.request(outgoing, options)
    throw new MeshError('SESSION_CLOSED', `there is no session with ${peer}`)
  }
}
