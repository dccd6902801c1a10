/** What of an ended job is to run again, as the document of a new one. Pure. */
import { itemId } from '../../model/job.ts'
import { withValueAt } from '../../model/json-path.ts'
import type { ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { JobDocument } from '../../model/job.ts'
import type { RerunRequest } from '../../model/generated/api-rerun.ts'

export interface Rerun {
  /** Unchecked, as fields of it were set. */
  document: unknown
  /** The workers on which `ops: every` failed; undefined for all that fit now. */
  workers: string[] | undefined
}

/** @param unfinished items that failed or were stopped; none means all */
export function rerunOf(
  job: JobRecord,
  document: JobDocument,
  request: RerunRequest,
  unfinished: readonly ItemRecord[]
): Rerun {
  const { key: _key, needs, schedule: _schedule, ...rest } = document
  // Once it was queued, what its needs returned stands in it.
  const again = job.queuedAtMs === null && needs !== undefined ? { ...rest, needs } : rest
  const { items = 'unfinished', set = {} } = request
  let changed: unknown = again
  for (const [path, value] of Object.entries(set)) changed = withValueAt(changed, path, value)
  const isPart = items === 'unfinished' && unfinished.length > 0
  const pinned = unfinished.flatMap(({ pinnedTo }) => pinnedTo ?? [])
  const isNewEach = Object.hasOwn(set, 'each')
  return {
    document: isPart && !isNewEach ? withItems(changed as JobDocument, unfinished) : changed,
    workers: isPart && pinned.length > 0 ? pinned : undefined
  }
}

/** Only these of its items, under the ids that they had. */
function withItems(document: JobDocument, items: readonly ItemRecord[]): JobDocument {
  const { each } = document
  if (!Array.isArray(each)) return document
  const kept = items.flatMap(({ index }) => {
    const item = each[index]
    return item === undefined ? [] : [{ ...item, id: itemId(item, index) }]
  })
  return { ...document, each: kept }
}
