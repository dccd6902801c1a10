/**
 * What a router makes of a job that its own end interrupted. Tasks that ran then may still run, or have
 * ended, at their workers: their attempts stay open, and the workers are asked.
 */
import { isTerminal } from '../../jobs/records.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { recountJob } from '../../jobs/state.ts'
import { recoverItem } from '../../jobs/item-state.ts'
import { stepAttempt } from '../../jobs/attempt-state.ts'
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
  open: ReadonlyMap<number, readonly AttemptRecord[]>
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
  const nowMs = components.nowMs()
  const { counted: open, stale } = await leftOpen(stored, store)
  const all = stored.map((item) =>
    recoverItem(item, open.get(item.index) ?? [], { isOnHold: job.isOnHold, nowMs })
  )
  const record = recountJob(job, all, { nowMs, keep: demand.plan.keep })
  const changed = all.filter(({ state }, index) => state !== stored[index]?.state)
  const event = { kind: 'superseded', text: 'its item had gone on when the router ended' } as const
  const rows: StoreChange[] = [
    ...changed.map((item) => ({ kind: 'item', item }) as const),
    ...stale.map((one) => ({ kind: 'attempt', attempt: stepAttempt(one, event, nowMs) }) as const),
    ...(record.state === job.state ? [] : [{ kind: 'job', job: record } as const])
  ]
  if (rows.length > 0) await store.apply(rows)
  return { record, items: all.filter(({ state }) => !isTerminal(state)), open, demand }
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

/** Attempts that the store has as open: those that their items count on, and others, whose ends were never stored. */
interface LeftOpen {
  counted: Map<number, AttemptRecord[]>
  stale: AttemptRecord[]
}

async function leftOpen(items: readonly ItemRecord[], store: JobStore): Promise<LeftOpen> {
  const left: LeftOpen = { counted: new Map(), stale: [] }
  for (const item of items) {
    const { attemptCount, index, jobId, state } = item
    if (attemptCount === 0 || isTerminal(state)) continue
    // Items stored by older versions counted on the newest alone.
    const numbers = new Set(item.copies?.map(({ attempt }) => attempt) ?? [attemptCount])
    // oxlint-disable-next-line no-await-in-loop -- few run at a time, and the store answers in order
    const attempts = await store.attempts(jobId, { itemIndex: index, limit: attemptCount })
    const open = attempts.filter(({ endedAtMs }) => endedAtMs === null)
    const counted = open.filter(({ number }) => numbers.has(number) && state !== 'queued')
    if (counted.length > 0) left.counted.set(index, counted)
    left.stale.push(...open.filter((attempt) => !counted.includes(attempt)))
  }
  return left
}
