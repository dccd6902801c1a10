/** Has a worker end a task: said again until it was heard, as a stop may overtake its task or find no session. */
import { MeshError } from '../core/errors.ts'
import { isLinkLoss } from './verdict.ts'
import { sleep } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { TaskLink } from './ports.ts'

export interface StopComponents {
  clock: Clock
  link: Pick<TaskLink, 'stop'>
  logger: Logger
}

export interface TaskToStop {
  workerId: string
  leaseId: string
  reason: string
  /** How long it may still go on, as was said last. */
  killAfterMs: () => number | undefined
  /** As long where nothing was said. */
  stopMs: number
  /** Whether it is still worth saying. */
  isOpen: () => boolean
  signal: AbortSignal
  /** For the log. */
  fields: object
}

/** The answer to a stop comes once the task is gone; so much longer than it may still go on we wait for it. */
const STOP_GRACE_MS = 30_000
/** So often it is said again while the attempt is open. */
const STOP_PERIOD_MS = 1_000

/** Until the worker has heard it, or nothing is left to stop. Never rejects. */
export async function stopAtWorker(components: StopComponents, task: TaskToStop): Promise<void> {
  const { signal } = task
  do {
    // oxlint-disable-next-line no-await-in-loop -- said again only after it was not heard
    if (await sayStop(components, task)) return
    // oxlint-disable-next-line no-await-in-loop
    await sleep(components.clock, STOP_PERIOD_MS, { signal }).catch(() => {})
  } while (task.isOpen() && !signal.aborted)
}

/** @returns false if it is worth saying again: the worker does not have the task yet, or there was no room */
async function sayStop({ link, logger }: StopComponents, task: TaskToStop): Promise<boolean> {
  const { fields, leaseId, reason, signal, stopMs, workerId } = task
  const killAfterMs = task.killAfterMs()
  const timeoutMs = STOP_GRACE_MS + (killAfterMs ?? stopMs)
  try {
    return await link.stop(workerId, { leaseId, reason, killAfterMs }, { timeoutMs, signal })
  } catch (cause) {
    logger.debug({ ...fields, err: cause }, 'stop not delivered')
    const failure = MeshError.from(cause)
    // Where the link is gone, the attempt itself learns it and asks again once the worker is back.
    return isLinkLoss(failure) || !failure.retryable
  }
}
