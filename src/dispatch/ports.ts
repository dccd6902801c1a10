/** What dispatch needs of its neighbours; the router's composition root joins them. */
import type { AbortOptions } from '../core/abort.ts'
import type { Assignment } from '../model/generated/commands-execute-task.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { SessionAnswer } from '../protocol/session.ts'

/** Who could run a task now. `discovery/directory.ts` satisfies it. */
export interface CandidateSource {
  candidates(): Candidate[]
  /** A task is on its way there; counts before the worker's own report does. */
  began(peer: string, gpuCount: number): void
  ended(peer: string, gpuCount: number): void
  reported(peer: string, load: unknown): void
  /**
   * Resolves when there is a session with a worker that was lost.
   * @throws MeshError PEER_GONE when its program is known not to run; the signal's reason
   */
  whenReady(peer: string, options: AbortOptions): Promise<void>
}

/** What a worker is told of a task that is to end. */
export interface StopOrder {
  leaseId: string
  reason: string
  /** How long it may still go on; what its assignment says when undefined. */
  killAfterMs: number | undefined
}

type WaitOptions = AbortOptions & { timeoutMs: number }

/** How tasks reach workers. What the worker itself refuses or fails is in the answer. */
export interface TaskLink {
  /** Sends a task and waits for how it ended. */
  execute(
    peer: string,
    task: { assignment: Assignment; text: string },
    options: WaitOptions
  ): Promise<SessionAnswer>
  /** Waits for the end of a task that was sent before. @param logFrom log entries that are here already */
  attach(
    peer: string,
    task: { leaseId: string; logFrom: number },
    options: WaitOptions
  ): Promise<SessionAnswer>
  /**
   * Has the worker end a task; its word on that comes as the answer to `execute` or `attach`.
   * Resolves to false if the worker has no such task, or there is no way to it now.
   */
  stop(peer: string, task: StopOrder, options: WaitOptions): Promise<boolean>
  /** Tells the worker, some time soon, that it may forget an ended task. */
  release(peer: string, leaseId: string): void
}
