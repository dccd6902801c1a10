/**
 * Submissions with a key are safe to repeat: the same content gives the job that is there already. A key
 * is taken as long as its job is stored.
 */
import { describeDifferences } from '../../model/differences.ts'
import { isResolvedInput } from '../../model/job-inputs.ts'
import { isReference } from '../../model/job-references.ts'
import { MeshError } from '../../core/errors.ts'
import { placedInJob, withIds } from '../../model/graph.ts'
import type { GraphJob } from '../../model/graph.ts'
import type { JobDocument } from '../../model/job.ts'
import type { JobRecord } from '../../jobs/records.ts'
import type { JobStore } from '../../jobs/store.ts'

/** Differences that a refusal names; the first few show what happened. */
const DIFFERENCES_MAX = 5

export class SubmissionKeys {
  readonly #store: Pick<JobStore, 'document' | 'jobByKey'>

  constructor(store: Pick<JobStore, 'document' | 'jobByKey'>) {
    this.#store = store
  }

  /** The job that has the document's key. @throws MeshError KEY_CONFLICT when its content is another */
  async known(document: JobDocument, submitter: string): Promise<JobRecord | undefined> {
    if (document.key === undefined) return undefined
    const record = await this.#store.jobByKey(submitter, document.key)
    if (record !== undefined) await this.#assertSame(record, document)
    return record
  }

  /**
   * The jobs of a graph that was submitted before, all of them; undefined if none was.
   * @throws MeshError KEY_CONFLICT when only some were, or with other content
   */
  async knownGraph(jobs: readonly GraphJob[], submitter: string): Promise<JobRecord[] | undefined> {
    const found = new Map<string, JobRecord>()
    for (const { document, name } of jobs) {
      if (document.key === undefined) continue
      // oxlint-disable-next-line no-await-in-loop -- few jobs of a graph have keys
      const record = await this.#store.jobByKey(submitter, document.key)
      if (record !== undefined) found.set(name, record)
    }
    if (found.size === 0) return undefined
    const isNew = jobs.find(({ name }) => !found.has(name))
    if (isNew !== undefined) throw partlyKnown([...found.keys()], isNew.name)
    const ids = new Map([...found].map(([name, { id }]) => [name, id]))
    for (const { document, name } of jobs) {
      const record = found.get(name) as JobRecord
      // oxlint-disable-next-line no-await-in-loop -- the first difference ends it
      await this.#assertSame(record, withIds(document, ids)).catch((cause: unknown) => {
        throw placedInJob(name, cause)
      })
    }
    return jobs.map(({ name }) => found.get(name) as JobRecord)
  }

  async #assertSame(record: JobRecord, document: JobDocument): Promise<void> {
    const stored = JSON.parse((await this.#store.document(record.id)) ?? '{}') as JobDocument
    // Once it was queued, its references have given way to what they stood for.
    const isResolved = record.queuedAtMs !== null
    const differences = describeDifferences(stored, document, {
      countMax: DIFFERENCES_MAX,
      isSame: (before, now) => isResolved && (isReference(now) || isResolvedInput(before, now))
    })
    if (differences.length === 0) return
    const message = `key "${record.key}" is that of ${record.id}, which is another job: ${differences.join('; ')}`
    throw new MeshError('KEY_CONFLICT', message, {
      path: 'key',
      hint: 'use another key, or submit what was submitted before'
    })
  }
}

/** What two submissions of the same key must not do at the same time goes by this name. */
export function keyLocks(submitter: string, documents: readonly JobDocument[]): string[] {
  return documents.flatMap(({ key }) =>
    key === undefined ? [] : [JSON.stringify([submitter, key])]
  )
}

function partlyKnown(known: readonly string[], other: string): MeshError {
  const some = known.slice(0, DIFFERENCES_MAX).join(', ')
  return new MeshError(
    'KEY_CONFLICT',
    `only some jobs of the graph were submitted before: ${some}, but not ${other}`,
    {
      path: `jobs.${other}`,
      hint: 'a graph is taken as a whole: give a key to all of its jobs, new ones for a new graph'
    }
  )
}
