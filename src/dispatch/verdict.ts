/** What an attempt's end means: for the item, for the record of the attempt, for the worker's reputation. Pure. */
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { AttemptState } from '../jobs/records.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { SessionAnswer } from '../protocol/session.ts'

export type Verdict =
  | { kind: 'completed'; output: string }
  /** The worker did not take it; costs the item nothing. */
  | { kind: 'refused'; error: MeshError }
  | { kind: 'failed'; error: MeshError; attemptState: AttemptState }

/** Answers by which a worker says "not me, not now". */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKER_BUSY',
  'WORKER_STOPPING',
  'STOPPING',
  'TOO_MANY_REQUESTS',
  'SESSION_CONGESTED',
  'PEER_UNREACHABLE',
  'ENGINE_UNAVAILABLE',
  'RESOURCES_UNAVAILABLE'
])

/** The worker, or the way to it, is gone; which of the two, nobody here can tell. */
const LOSSES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SESSION_CLOSED',
  'PEER_SILENT',
  'RESPONSE_TIMED_OUT'
])

/** Reads a worker's answer. Its result is checked to be JSON, as it is stored and passed on unread. */
export function judgeAnswer(answer: SessionAnswer): Verdict {
  if (answer.error !== undefined) return judgeError(answer.error)
  try {
    if (answer.bulk === undefined) throw new MeshError('RESULT_INVALID', 'the answer has no output')
    parseJson(answer.bulk, LIMITS.resultBytesMax)
    return { kind: 'completed', output: answer.bulk }
  } catch (cause) {
    const why = MeshError.from(cause).message
    const error = new MeshError('RESULT_INVALID', `the worker's result is no JSON: ${why}`, {
      cause
    })
    return { kind: 'failed', error, attemptState: 'failed' }
  }
}

/** Reads an error that came as an answer, or instead of one. */
export function judgeError(error: MeshError): Verdict {
  if (REFUSALS.has(error.code)) return { kind: 'refused', error }
  if (LOSSES.has(error.code)) {
    const lost = new MeshError(error.code, `the worker was lost: ${error.message}`, {
      blame: 'worker'
    })
    return { kind: 'failed', error: lost, attemptState: 'lost' }
  }
  return { kind: 'failed', error, attemptState: attemptStateOf(error.code) }
}

/** What the outcome says about the worker; undefined when it says nothing. */
export function outcomeOf(
  verdict: Verdict,
  workerId: string,
  latencyMs: number
): AttemptOutcome | undefined {
  switch (verdict.kind) {
    case 'completed':
      return { kind: 'completed', workerId, latencyMs }
    case 'failed':
      return { kind: 'failed', workerId, blame: verdict.error.blame, code: verdict.error.code }
    case 'refused':
      return undefined
  }
}

function attemptStateOf(code: ErrorCode): AttemptState {
  if (code === 'TASK_TIMED_OUT') return 'timed_out'
  return code === 'TASK_STOPPED' ? 'stopped' : 'failed'
}
