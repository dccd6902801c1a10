/**
 * Results that equal tasks may use, for jobs that say so. The store knows which item has the result of a
 * key for as long as that item is kept; nothing is kept here. A result whose files nobody has any more is
 * none.
 */
import { resultKey } from './result-key.ts'
import { shownAttempt } from '../jobs/records.ts'
import type { DocumentCache } from './document-cache.ts'
import type { EarlierRun, ItemFiles, ItemRecord, JobRecord } from '../jobs/records.ts'
import type { FileHoldings } from './ports.ts'
import type { JobDocument, JobPlan } from '../model/job.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'

export interface ResultCacheComponents {
  documents: Pick<DocumentCache, 'document'>
  holdings: Pick<FileHoldings, 'isHeld'>
  logger: Logger
  store: Pick<JobStore, 'apply' | 'itemByResult' | 'outputs'>
}

/** What an item is given in the place of a run of its own. */
export interface EarlierResult {
  from: EarlierRun
  files: ItemFiles
  /** JSON text; null where a file is in its place. */
  output: string | null
}

interface CachedJob {
  record: Pick<JobRecord, 'id' | 'submitter'>
  plan: JobPlan
}

export class ResultCache {
  readonly #components: ResultCacheComponents
  /** Being stored: who asks for a result that has just come is to find it. */
  readonly #storing = new Set<Promise<void>>()

  constructor(components: ResultCacheComponents) {
    this.#components = components
  }

  /** What an equal task gave; undefined where it has to be run. @throws MeshError STORE_FAILED */
  async find(
    { plan, record }: CachedJob,
    document: JobDocument,
    index: number
  ): Promise<EarlierResult | undefined> {
    const { store } = this.#components
    await Promise.all(this.#storing)
    const key = resultKey(document, index, { plan, submitter: record.submitter })
    const item = await store.itemByResult(key)
    if (item?.state !== 'completed' || !this.#areFilesHeld(item)) return undefined
    const { outputFile, outputs, reusedFrom } = item
    const texts = outputFile === null ? await store.outputs(item.jobId, [item.index]) : undefined
    const output = texts === undefined ? null : texts.get(item.index)
    if (output === undefined) return undefined
    return { from: reusedFrom ?? runOf(item), files: { outputs, outputFile }, output }
  }

  /** An item has ended, and that is stored. Returns at once. */
  itemEnded(job: CachedJob, item: ItemRecord): void {
    if (job.plan.cache === 'off' || item.state !== 'completed') return
    const storing = this.#store(job, item)
      .catch((cause: unknown) => {
        const fields = { jobId: item.jobId, item: item.id, err: cause }
        this.#components.logger.warn(fields, 'a result could not be kept for equal tasks')
      })
      .finally(() => this.#storing.delete(storing))
    this.#storing.add(storing)
  }

  async #store({ plan, record }: CachedJob, { index, jobId }: ItemRecord): Promise<void> {
    const { documents, store } = this.#components
    const document = await documents.document(jobId)
    const key = resultKey(document, index, { plan, submitter: record.submitter })
    await store.apply([{ kind: 'result', key, jobId, itemIndex: index }])
  }

  #areFilesHeld({ outputFile, outputs }: ItemFiles): boolean {
    const files = [...(outputs ?? []), ...(outputFile === null ? [] : [outputFile])]
    return files.every(({ file }) => this.#components.holdings.isHeld(file))
  }
}

function runOf(item: ItemRecord): EarlierRun {
  const { endedAtMs, id, jobId, workerId } = item
  const attempt = shownAttempt(item)
  return { jobId, itemId: id, attempt, workerId, endedAtMs: endedAtMs ?? 0 }
}
