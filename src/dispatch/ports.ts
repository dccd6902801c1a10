/** What dispatch needs of its neighbours; the router's composition root joins them. */
import type { AbortOptions } from '../core/abort.ts'
import type { Assignment } from '../model/generated/commands-execute-task.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { SessionAnswer } from '../protocol/session.ts'

/** Who could run a task now. `discovery/directory.ts` satisfies it. */
export interface CandidateSource {
  candidates(): Candidate[]
  /** A task is on its way there; counts before the worker's own report does. */
  began(peer: string): void
  ended(peer: string): void
  reported(peer: string, load: unknown): void
}

/** Sends one task to one worker and waits for how it ended. The worker's own refusals are in the answer. */
export type SendTask = (
  peer: string,
  task: { assignment: Assignment; text: string },
  options: AbortOptions & { timeoutMs: number }
) => Promise<SessionAnswer>
