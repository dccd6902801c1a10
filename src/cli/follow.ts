/** Waiting for a job: its progress as it comes, what it waits for when it stands, and its end. */
import { MeshError } from '../core/errors.ts'
import { systemClock } from '../core/clock.ts'
import { isTerminal } from '../jobs/records.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { JobEvent } from '../model/generated/api-job-event.ts'
import type { JobView } from '../model/generated/api-job.ts'

export interface FollowOptions extends AbortOptions {
  timeoutMs?: number | undefined
  onEvent?: (event: JobEvent) => void
  /** Why nothing of the job runs, in words; said once for each reason. */
  onWaiting?: (reason: string) => void
}

/** Long enough that a job that starts at once says nothing. */
const WAITING_PERIOD_MS = 1_500

/**
 * Resolves when the job has ended, is held, or when the time is up: then its state says so.
 * @throws the signal's reason
 */
export async function followJob(
  client: ApiClient,
  id: string,
  options: FollowOptions = {}
): Promise<JobView> {
  const timeUp = new AbortController()
  const { timeoutMs } = options
  const cancelTimer =
    timeoutMs === undefined ? undefined : systemClock.after(timeoutMs, () => timeUp.abort())
  const endWatch = watchWaiting(client, id, options)
  const signal = AbortSignal.any([timeUp.signal, ...(options.signal ? [options.signal] : [])])
  try {
    await watchToEnd(client, id, { ...options, signal })
  } catch (cause) {
    if (!timeUp.signal.aborted || options.signal?.aborted === true) throw cause
  } finally {
    cancelTimer?.()
    endWatch()
  }
  return await client.job(id, { signal: options.signal })
}

async function watchToEnd(
  client: ApiClient,
  id: string,
  { onEvent, signal }: FollowOptions
): Promise<void> {
  try {
    for await (const event of client.watch(id, { signal })) {
      onEvent?.(event)
      if (isTerminal(event.state) || event.state === 'held') return
    }
  } catch (cause) {
    // A router has only so many event streams; plain waiting has no such limit.
    if (MeshError.from(cause).code !== 'TOO_MANY_REQUESTS') throw cause
    await client.wait(id, { signal })
  }
}

function watchWaiting(client: ApiClient, id: string, options: FollowOptions): () => void {
  const { onWaiting } = options
  if (onWaiting === undefined) return () => undefined
  let said: string | null = null
  const ask = async (): Promise<void> => {
    const { waiting_for: reason } = await client.job(id, { signal: options.signal })
    if (reason !== null && reason !== said) onWaiting(reason)
    said = reason ?? said
  }
  // A router that can't answer now is the business of the watch itself.
  return systemClock.every(WAITING_PERIOD_MS, () => void ask().catch(() => undefined))
}
