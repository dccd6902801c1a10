/** Whether a task could start now, would have to wait, or fits nobody: the cheap question, without scores. */
import { compileRules, firstRefusal, needOf } from './compile.ts'
import { roomOf } from './room.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'

/** `can_start`: a worker that fits has a free slot. `would_queue`: some fit, but none has one. */
export type Outlook = 'can_start' | 'would_queue' | 'no_worker_fits'

/** Stops at the first worker that could start the task. */
export function outlookOf(request: SelectionRequest, candidates: readonly Candidate[]): Outlook {
  const rules = compileRules(request)
  const need = needOf(request)
  let outlook: Outlook = 'no_worker_fits'
  for (const candidate of candidates) {
    if (firstRefusal(rules, candidate) !== undefined) continue
    if (roomOf(candidate, need) === 'run') return 'can_start'
    outlook = 'would_queue'
  }
  return outlook
}
