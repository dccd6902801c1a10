/** What an answer about an attempt means: for the item, for the record of the attempt, for the worker's reputation. Pure. */
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import { readItemFiles } from './task-report.ts'
import type { AttemptEndState } from '../jobs/attempt-state.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { Blame, ErrorCode } from '../core/errors.ts'
import type { ItemFiles } from '../jobs/records.ts'
import type { SessionAnswer } from '../protocol/session.ts'

export type Verdict =
  /** `output` is null where a file is in its place. */
  | { kind: 'completed'; output: string | null; files: ItemFiles }
  /** The worker did not take it, or cut it off by no fault of the task; costs the item nothing. */
  | { kind: 'returned'; error: MeshError; hasBegun: boolean }
  /** `blames`: all who may be at fault, for where that can't be told. */
  | { kind: 'failed'; error: MeshError; attemptState: AttemptEndState; blames: readonly Blame[] }

/** An attempt that has ended, as far as it is counted. */
export type Ended = Pick<AttemptOutcome, 'workerId' | 'taskType' | 'attempt'> & {
  took: { latencyMs: number; promisedMs?: number | undefined }
}

/** Answers by which a worker says "not me, not now". */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKER_BUSY',
  'WORKER_STOPPING',
  'WORKER_CORDONED',
  'OWNER_REFUSED',
  'STOPPING',
  'TOO_MANY_REQUESTS',
  'SESSION_CONGESTED',
  'PEER_UNREACHABLE',
  'PEER_GONE',
  'PROTOCOL_VERSION',
  'ENGINE_UNAVAILABLE',
  'RESOURCES_UNAVAILABLE',
  // Asked for an attempt that never came there.
  'TASK_UNKNOWN',
  // This router and the worker are not of one mind about who belongs here: no fault of the task.
  'NOT_A_MEMBER',
  'REVOKED',
  'CREDENTIAL_EXPIRED',
  'COMMAND_FORBIDDEN'
])

/** The way to the worker ended while it had the task: nobody here can tell what has become of it. */
const LINK_LOSSES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SESSION_CLOSED',
  'PEER_SILENT',
  'STOPPING',
  'SESSION_CONGESTED'
])

/** The worker is there, but not its word. */
const LOSSES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SESSION_CLOSED',
  'PEER_SILENT',
  'RESPONSE_TIMED_OUT',
  'RESPONSE_INVALID',
  'FRAME_INVALID',
  'TASK_LOST'
])

/** What may be wrong with a task that its router took for right: its fields, its size, the files that it names. */
const OF_TASK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FIELD_INVALID',
  'FIELD_MISSING',
  'FIELD_UNKNOWN',
  'REQUEST_TOO_LARGE',
  'REQUEST_TOO_DEEP',
  'FILE_NOT_FOUND',
  'FILE_UNREADABLE',
  'FILE_CHANGED',
  'FILE_BUSY',
  'FILE_KIND_INVALID'
])

/** What whoever has the disk says of it. */
const OF_DISK: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['STORE_FAILED', 'STORE_FULL'])

/** Whether an error that came instead of an answer leaves open what the worker does. */
export function isLinkLoss(error: MeshError): boolean {
  return LINK_LOSSES.has(error.code)
}

/** Reads a worker's answer. Its result is checked to be JSON, as it is stored and passed on unread. */
export function judgeAnswer(answer: SessionAnswer): Verdict {
  const { bulk, error, result } = answer
  // Only a task that ran has used something.
  if (error !== undefined) return judgeAnswered(error, result?.['usage'] !== undefined)
  try {
    const files = readItemFiles(answer)
    if (files === undefined)
      throw new MeshError('RESULT_INVALID', 'the answer names no right files')
    if (files.outputFile !== null) return { kind: 'completed', output: null, files }
    if (bulk === undefined) throw new MeshError('RESULT_INVALID', 'the answer has no output')
    parseJson(bulk, LIMITS.resultBytesMax)
    return { kind: 'completed', output: bulk, files }
  } catch (cause) {
    return failed(resultError(MeshError.from(cause)), 'failed')
  }
}

/** Reads an error that a worker answered with. Its disk is not this router's, whose fault such an error would be here. */
function judgeAnswered(error: MeshError, hasBegun: boolean): Verdict {
  if (!isPossible(error)) return judgeLoss(impossible(error))
  if (!OF_DISK.has(error.code)) return judgeError(error, hasBegun)
  // It has no room for the inputs, as it may have no room in memory.
  if (error.code === 'STORE_FULL' && !hasBegun) return { kind: 'returned', error, hasBegun }
  const { cause, code, hint, message } = error
  return failed(new MeshError(code, message, { hint, blame: 'worker', cause }), 'failed')
}

/** Reads an error that came as an answer, or instead of one. */
export function judgeError(error: MeshError, hasBegun = false): Verdict {
  if (isRefusal(error)) return { kind: 'returned', error, hasBegun }
  if (LOSSES.has(error.code)) return judgeLoss(error)
  return failed(error, attemptStateOf(error.code))
}

/** Everything else that a caller may get wrong is between it and this router: no task ends with it. */
function isPossible(error: MeshError): boolean {
  return (
    error.blame !== 'caller' ||
    isRefusal(error) ||
    LOSSES.has(error.code) ||
    OF_TASK.has(error.code)
  )
}

function impossible({ code, message }: MeshError): MeshError {
  return new MeshError('RESPONSE_INVALID', `no task ends with ${code}: ${message}`)
}

/** A lease that the worker does not take, because it knows of a newer one or has disowned it, was not begun. */
function isRefusal({ code, retryable }: MeshError): boolean {
  return REFUSALS.has(code) || (code === 'TASK_SUPERSEDED' && retryable)
}

/** The worker did not come back in time; whether it or the way to it failed, nobody here can tell. */
export function judgeLoss(error: MeshError): Verdict {
  // Where the worker itself says that it lost the task, it also says whose fault that was.
  if (error.code === 'TASK_LOST') return failed(error, 'lost')
  const lost = new MeshError(error.code, `the worker was lost: ${error.message}`, {
    blame: 'worker'
  })
  return { ...failed(lost, 'lost'), blames: ['worker', 'network'] }
}

/** What the outcome says about the worker; undefined when it says nothing. */
export function outcomeOf(verdict: Verdict, { took, ...about }: Ended): AttemptOutcome | undefined {
  switch (verdict.kind) {
    case 'completed':
      return { kind: 'completed', ...about, ...took }
    case 'failed':
      return { kind: 'failed', ...about, blame: verdict.error.blame, code: verdict.error.code }
    case 'returned':
      return undefined
  }
}

/** The state in which the attempt itself ends. */
export function attemptEndOf(verdict: Verdict): AttemptEndState {
  switch (verdict.kind) {
    case 'completed':
      return 'completed'
    case 'returned':
      return verdict.hasBegun ? 'stopped' : 'refused'
    case 'failed':
      return verdict.attemptState
  }
}

function failed(
  error: MeshError,
  attemptState: AttemptEndState
): Extract<Verdict, { kind: 'failed' }> {
  // What a caller got wrong in a task is the job's fault when the task is all there is.
  const blame = error.blame === 'caller' ? 'job' : error.blame
  return { kind: 'failed', error, attemptState, blames: [blame] }
}

function attemptStateOf(code: ErrorCode): AttemptEndState {
  if (code === 'TASK_TIMED_OUT' || code === 'TOTAL_TIMED_OUT') return 'timed_out'
  return code === 'TASK_STOPPED' || code === 'TASK_SUPERSEDED' ? 'stopped' : 'failed'
}

/** A result of the wrong size is the task's doing, one that is no JSON the worker's. */
function resultError(cause: MeshError): MeshError {
  if (cause.code === 'RESULT_INVALID') return cause
  if (cause.code === 'REQUEST_TOO_LARGE') {
    const message = `the result is too large: ${cause.message}`
    return new MeshError('TASK_OUTPUT_TOO_LARGE', message, { cause })
  }
  if (cause.code === 'REQUEST_TOO_DEEP') {
    const message = `the result nests deeper than ${LIMITS.jsonDepthMax} levels`
    return new MeshError('TASK_FAILED', message, { cause, hint: 'return a flatter value' })
  }
  const message = `the worker's result is no JSON: ${cause.message}`
  return new MeshError('RESULT_INVALID', message, { cause })
}
