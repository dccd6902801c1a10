/** What follows for an item from how its attempt ended: whether it goes again, when and where not. Pure, with chance handed in. */
import { MeshError } from '../core/errors.ts'
import { mayRunAgain, retryDelayMs } from '../jobs/retry.ts'
import type { ErrorCode, ErrorData } from '../core/errors.ts'
import type { ItemEvent } from '../jobs/item-state.ts'
import type { ItemRecord } from '../jobs/records.ts'
import type { RetryPolicy } from '../model/job.ts'
import type { Verdict } from './verdict.ts'

export interface Consequence {
  event: ItemEvent
  /** Before the item may go again. */
  delayMs: number
  /** Whether another worker is preferred from now on. */
  isWorkerAvoided: boolean
  /** Whether this worker is not asked about it for a while. */
  isWorkerLeftOut: boolean
}

export interface ConsequenceContext {
  retry: RetryPolicy
  /** The attempt that has ended, one of the item's. */
  attempt: number
  workerId: string
  /** Whether a result is checked before the item takes it. */
  isChecked: boolean
  /** Refusals of this item before this one. */
  refusalCount: number
  /** From 0 (included) to 1 (excluded), by chance. */
  draw: number
}

/** A refusal should not bring the same item back in the same breath; it doubles up to a second. */
const REFUSED_DELAY_MS = 10
const REFUSED_DELAY_MS_MAX = 1_000

/** The same worker would say the same a moment later: its owner's rule, or what it does not have. */
const FIRM_REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'OWNER_REFUSED',
  'ENGINE_UNAVAILABLE',
  'RESOURCES_UNAVAILABLE',
  'STORE_FULL'
])

/** A task that broke the sandboxes of so many workers is at fault itself. */
const CRASHED_WORKERS_MAX = 2

/** Nothing is held against anybody. */
const GOES_ON = { delayMs: 0, isWorkerAvoided: false, isWorkerLeftOut: false } as const

export function consequenceOf(
  verdict: Verdict,
  item: ItemRecord,
  context: ConsequenceContext
): Consequence {
  const { attempt, isChecked } = context
  switch (verdict.kind) {
    case 'completed':
      if (isChecked) return { ...GOES_ON, event: { kind: 'delivered', attempt } }
      return { ...GOES_ON, event: { kind: 'completed', attempt, files: verdict.files } }
    case 'returned':
      return afterReturn(verdict, context)
    case 'failed':
      return afterFailure(verdict, item, context)
  }
}

function afterReturn(
  verdict: Extract<Verdict, { kind: 'returned' }>,
  { attempt, refusalCount, retry }: ConsequenceContext
): Consequence {
  const error = verdict.error.toData()
  if (verdict.hasBegun && !mayRunAgain(retry)) {
    return final(attempt, error, retry)
  }
  // `never` is about workers that had the task, not about those that would not take it.
  const isBusy = verdict.error.code === 'WORKER_BUSY' || isForNow(verdict.error)
  return {
    event: { kind: 'returned', attempt, error },
    delayMs: refusedDelayMs(refusalCount),
    isWorkerAvoided: !isBusy && retry.sameWorker === 'avoid',
    isWorkerLeftOut: FIRM_REFUSALS.has(verdict.error.code) && !isForNow(verdict.error)
  }
}

/** Its owner lets this router have only so much at a time: the worker says when there is more. */
function isForNow({ code, retryAfterMs }: MeshError): boolean {
  return code === 'OWNER_REFUSED' && retryAfterMs !== undefined
}

function afterFailure(
  verdict: Extract<Verdict, { kind: 'failed' }>,
  item: ItemRecord,
  { attempt, draw, retry, workerId }: ConsequenceContext
): Consequence {
  const { blames, error } = verdict
  const { failureCount } = item
  const poison = poisonError(error, [...item.crashedOn, workerId])
  if (poison !== undefined) return final(attempt, poison.toData(), retry)
  const delayMs = retryDelayMs(retry, { blames, failureCount }, draw)
  if (delayMs === undefined) return final(attempt, error.toData(), retry)
  return {
    ...GOES_ON,
    event: { kind: 'retried', attempt, error: error.toData() },
    delayMs,
    isWorkerAvoided: true
  }
}

function final(attempt: number, error: ErrorData, retry: RetryPolicy): Consequence {
  const then = retry.then === 'hold' ? 'held' : 'failed'
  return {
    ...GOES_ON,
    event: { kind: 'failed', attempt, error, then },
    isWorkerAvoided: true
  }
}

/** One broken sandbox is a worker's; the same task breaking those of several is no accident. */
function poisonError(error: MeshError, crashedOn: readonly string[]): MeshError | undefined {
  if (error.code !== 'SANDBOX_CRASHED') return undefined
  const crashed = new Set(crashedOn)
  if (crashed.size < CRASHED_WORKERS_MAX) return undefined
  return new MeshError(
    'TASK_BREAKS_SANDBOXES',
    `it broke the sandboxes of ${crashed.size} workers: ${error.message}`,
    { hint: 'it is not tried again, so that it does no more harm', cause: error }
  )
}

/** At once after the first refusal, as others may be free. */
function refusedDelayMs(earlierCount: number): number {
  if (earlierCount === 0) return 0
  return Math.min(REFUSED_DELAY_MS_MAX, REFUSED_DELAY_MS * 2 ** Math.min(earlierCount, 10))
}
