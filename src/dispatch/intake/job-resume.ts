/** Takes up the jobs that an earlier life of this router left unfinished. */
import { endedPending } from './pending-steps.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { causeOf } from '../../jobs/records.ts'
import { onlyItem } from './new-job.ts'
import { KEEP_UNKNOWN, recoverJob } from './job-recovery.ts'
import type { Demand, DemandCache } from '../demand.ts'
import type { ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { JobLauncher } from './job-launcher.ts'
import type { JobStore } from '../../jobs/store.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PendingJobs } from './pending-jobs.ts'
import type { Recovered } from './job-recovery.ts'

export interface JobResumeComponents {
  demands: DemandCache
  launcher: JobLauncher
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  pending: PendingJobs
  store: JobStore
}

/** Enough to keep the store's thread busy, few enough to hold twice while they are taken up. */
const PAGE_JOBS = 256

/** Gives how many there were. */
export async function resumeJobs(components: JobResumeComponents): Promise<number> {
  const pending: JobRecord[] = []
  let count = 0
  let after: JobRecord | undefined
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins behind the one before
    const jobs = await components.store.unfinished({ after, limit: PAGE_JOBS })
    pending.push(...jobs.filter(isPending))
    const queued = jobs.filter((job) => !isPending(job))
    // oxlint-disable-next-line no-await-in-loop -- older jobs come before younger ones
    const recovered = await Promise.all(queued.map(async (job) => await recover(job, components)))
    for (const one of recovered) take(one, components)
    count += jobs.length
    after = jobs.at(-1)
    if (jobs.length < PAGE_JOBS) break
  }
  // Last, as what they need may have ended by being looked at.
  for (const job of pending) {
    // oxlint-disable-next-line no-await-in-loop -- waits only for the rare one that is refused
    await takePending(job, components)
  }
  return count
}

function isPending({ queuedAtMs, state }: JobRecord): boolean {
  return state === 'pending' || (state === 'held' && queuedAtMs === null)
}

async function recover(job: JobRecord, components: JobResumeComponents): Promise<Recovered> {
  const { demands } = components
  const demandOf = (spec: JobRecord['spec']): Demand => demands.of(spec)
  const item = onlyItem(job)
  const demand = item === undefined ? undefined : knownDemand(job, demands)
  if (item === undefined || demand === undefined) {
    return await recoverJob(job, { ...components, demandOf })
  }
  return { record: job, items: [item], open: new Map(), demand }
}

/** Undefined for one that can't be understood any more, which is for `recoverJob` to end. */
function knownDemand({ spec }: JobRecord, demands: DemandCache): Demand | undefined {
  try {
    return demands.of(spec)
  } catch {
    return undefined
  }
}

function take(
  { demand, items, open, record }: Recovered,
  { launcher, logger }: JobResumeComponents
): void {
  if (demand === undefined || items.length === 0) {
    const fields = { jobId: record.id, state: record.state, why: record.error?.message }
    return logger.warn(fields, 'job not taken up again')
  }
  // Equal jobs point to one spec again.
  launcher.launch({ record: { ...record, spec: demand.spec }, items, demand }, open)
}

async function takePending(job: JobRecord, components: JobResumeComponents): Promise<void> {
  const { logger, nowMs, pending, store } = components
  try {
    pending.add(job)
  } catch (cause) {
    const { code, hint, message, path } = MeshError.from(cause)
    const error = new MeshError(code, `after a restart of the router: ${message}`, { path, hint })
    const data = error.toData()
    const items: ItemRecord[] = await store.items(job.id, { limit: LIMITS.jobItemsMax })
    const ended = endedPending(job, items, {
      context: { nowMs: nowMs(), keep: KEEP_UNKNOWN },
      ending: { state: 'failed', cause: causeOf(data), error: data }
    })
    await store.apply([
      { kind: 'job', job: ended.job },
      ...ended.items.map((item) => ({ kind: 'item' as const, item }))
    ])
    logger.warn({ jobId: job.id, why: error.message }, 'job not taken up again')
    pending.jobEnded(ended.job)
  }
}
