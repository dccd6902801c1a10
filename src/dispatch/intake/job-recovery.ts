/**
 * What a router makes of a job that its own end interrupted. Tasks that ran then may still run, or have
 * ended, at their workers: their attempts stay open, and the workers are asked.
 */
import { isTerminal } from '../../jobs/records.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { recountJob } from '../../jobs/state.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { Demand } from '../demand.ts'
import type { JobSpec } from '../../model/job.ts'
import type { JobStore, StoreChange } from '../../jobs/store.ts'

export interface JobRecoveryComponents {
  store: JobStore
  nowMs: () => number
  /** @throws MeshError where the spec can't be understood */
  demandOf: (spec: JobSpec) => Demand
}

/** A job as it goes on; `items` is empty when it ended by being looked at. */
export interface Recovered {
  record: JobRecord
  /** Items that have not ended. */
  items: ItemRecord[]
  /** Their attempts that are open, by item. */
  open: ReadonlyMap<number, AttemptRecord>
  /** Undefined when nobody can tell any more what the job wants. */
  demand: Demand | undefined
}

const KEEP_MS = 7 * 86_400_000

/** How long a job that nobody understands any more is kept for its owner to look at: nobody can tell what it says of it. */
export const KEEP_UNKNOWN = { resultMs: KEEP_MS, logsMs: KEEP_MS } as const

/** Brings a job's records in order, in the store too. */
export async function recoverJob(
  job: JobRecord,
  components: JobRecoveryComponents
): Promise<Recovered> {
  const { store } = components
  const demand = readDemand(job, components)
  const stored = await store.items(job.id, { limit: LIMITS.jobItemsMax })
  if (demand instanceof MeshError) return await endAll(job, stored, demand, components)
  const context = { nowMs: components.nowMs(), keep: demand.plan.keep }
  const record = recountJob(job, stored, context)
  if (record.state !== job.state) await store.apply([{ kind: 'job', job: record }])
  const items = stored.filter((item) => !isTerminal(item.state))
  return { record, items, open: await openAttempts(items, store), demand }
}

/** Settings may have changed, or a file may be of another version: that ends the job, not the router. */
function readDemand({ spec }: JobRecord, { demandOf }: JobRecoveryComponents): Demand | MeshError {
  try {
    return demandOf(spec)
  } catch (cause) {
    const { code, hint, message, path } = MeshError.from(cause)
    return new MeshError(code, `after a restart of the router: ${message}`, { path, hint })
  }
}

async function endAll(
  job: JobRecord,
  stored: readonly ItemRecord[],
  error: MeshError,
  { nowMs, store }: JobRecoveryComponents
): Promise<Recovered> {
  const data = error.toData()
  const endedAtMs = nowMs()
  // What runs somewhere is not wanted any more; its worker hears so when it reports.
  const items = stored.map((item): ItemRecord =>
    isTerminal(item.state)
      ? item
      : { ...item, state: 'failed', ending: null, error: data, endedAtMs }
  )
  const context = { nowMs: endedAtMs, keep: KEEP_UNKNOWN }
  const record = recountJob({ ...job, error: data }, items, context)
  const changes = items.filter((item, index) => item !== stored[index])
  await store.apply([
    ...changes.map((item): StoreChange => ({ kind: 'item', item })),
    { kind: 'job', job: record }
  ])
  return { record, items: [], open: new Map(), demand: undefined }
}

/** The newest attempt of each running item; it was written together with the item. */
async function openAttempts(
  items: readonly ItemRecord[],
  store: JobStore
): Promise<Map<number, AttemptRecord>> {
  const open = new Map<number, AttemptRecord>()
  const running = items.filter(({ state }) => state === 'running' || state === 'held')
  for (const { attemptCount, index, jobId } of running) {
    // oxlint-disable-next-line no-await-in-loop -- few run at a time, and the store answers in order
    const attempts = await store.attempts(jobId, { itemIndex: index, limit: attemptCount })
    const last = attempts.find(({ number }) => number === attemptCount)
    if (last !== undefined && last.endedAtMs === null) open.set(index, last)
  }
  return open
}
