/**
 * What a router makes of a job that its own end interrupted. Tasks that ran then have lost their router
 * and are taken to be gone: they go back to the queue, uncounted, unless their job must not run twice.
 */
import { isTerminal } from '../jobs/records.ts'
import { LIMITS } from '../core/limits.ts'
import { mayRunAgain } from '../jobs/retry.ts'
import { MeshError } from '../core/errors.ts'
import { recountJob, stepItem } from '../jobs/state.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../jobs/records.ts'
import type { Demand } from './demand.ts'
import type { ErrorData } from '../core/errors.ts'
import type { ItemEvent } from '../jobs/state.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'

export interface JobRecoveryComponents {
  store: JobStore
  nowMs: () => number
  /** @throws MeshError where the document can't be understood */
  demandOf: (document: JobDocument) => Demand
}

/** A job as it goes on; `open` is empty when it ended by being looked at. */
export interface Recovered {
  record: JobRecord
  /** Items that have not ended. */
  open: ItemRecord[]
  /** Undefined when nobody can tell any more what the job wants. */
  demand: Demand | undefined
}

/** Brings a job's records in order, in the store too. */
export async function recoverJob(
  job: JobRecord,
  components: JobRecoveryComponents
): Promise<Recovered> {
  const { nowMs, store } = components
  const demand = await readDemand(job.id, components)
  const items = await store.items(job.id, { limit: LIMITS.jobItemsMax })
  const changes: StoreChange[] = []
  const recovered: ItemRecord[] = []
  for (const item of items) {
    const event = eventOf(item, demand)
    const next = event === undefined ? item : stepItem(item, event, nowMs())
    recovered.push(next)
    if (next === item) continue
    changes.push({ kind: 'item', item: next })
    if (item.state === 'running') changes.push(...(await endAttempt(item, components)))
  }
  const record = recountJob(job, recovered)
  if (changes.length > 0 || record.state !== job.state) {
    await store.apply([...changes, { kind: 'job', job: record }])
  }
  const open = recovered.filter((item) => !isTerminal(item.state))
  return { record, open, demand: demand instanceof MeshError ? undefined : demand }
}

/** Settings may have changed, or a file may be of another version: that ends the job, not the router. */
async function readDemand(
  jobId: string,
  { demandOf, store }: JobRecoveryComponents
): Promise<Demand | MeshError> {
  const text = await store.document(jobId)
  try {
    if (text === undefined) throw new MeshError('STORE_FAILED', 'the job has no document')
    return demandOf(JSON.parse(text) as JobDocument)
  } catch (cause) {
    const { code, hint, message, path } = MeshError.from(cause)
    return new MeshError(code, `after a restart of the router: ${message}`, { path, hint })
  }
}

function eventOf(item: ItemRecord, demand: Demand | MeshError): ItemEvent | undefined {
  if (isTerminal(item.state)) return undefined
  if (demand instanceof MeshError) return { kind: 'expired', error: demand.toData() }
  if (item.state !== 'running') return undefined
  const attempt = item.attemptCount
  return mayRunAgain(demand.plan.retry)
    ? { kind: 'returned', attempt }
    : { kind: 'failed', attempt, error: interrupted() }
}

/** The record of the attempt that ran, unless the router ended before it was written. */
async function endAttempt(
  item: ItemRecord,
  { nowMs, store }: JobRecoveryComponents
): Promise<StoreChange[]> {
  const filter = { itemIndex: item.index, limit: LIMITS.pageRowsMax }
  const attempts = await store.attempts(item.jobId, filter)
  const last = attempts.find((attempt) => attempt.number === item.attemptCount)
  if (last === undefined || last.endedAtMs !== null) return []
  const attempt: AttemptRecord = {
    ...last,
    state: 'lost',
    endedAtMs: nowMs(),
    error: interrupted()
  }
  return [{ kind: 'attempt', attempt }]
}

function interrupted(): ErrorData {
  return new MeshError('STOPPING', 'the router ended while the task ran').toData()
}
