/**
 * What is looked up before items of some jobs wait for a worker: which files they read, and whether an
 * equal task has given their result before. Most jobs need nothing of it, and do without.
 */
import { JobInputs } from './job-inputs.ts'
import type { ActiveJob } from './active-job.ts'
import type { DocumentCache } from './document-cache.ts'
import type { EarlierResult, ResultCache } from './result-cache.ts'
import type { FileHoldings } from './ports.ts'
import type { JobPlan } from '../model/job.ts'
import type { Logger } from '../observe/logger.ts'

export interface ItemPreparationComponents {
  documents: Pick<DocumentCache, 'document'>
  holdings: FileHoldings
  logger: Logger
  results: Pick<ResultCache, 'find'>
}

export class ItemPreparation {
  readonly #components: ItemPreparationComponents

  constructor(components: ItemPreparationComponents) {
    this.#components = components
  }

  isNeeded({ cache, hasInputs }: JobPlan): boolean {
    return hasInputs || cache === 'use'
  }

  /**
   * Looks after a job that begins, or goes on after a restart. Never rejects: what cannot be looked up is run.
   * @param take gets each of the items once, with its result where that is there already
   */
  async prepare(
    job: ActiveJob,
    indexes: readonly number[],
    take: (index: number, earlier: EarlierResult | undefined) => void
  ): Promise<void> {
    const { documents, holdings, logger, results } = this.#components
    const { cache, hasInputs } = job.plan
    const left = new Set(indexes)
    try {
      const document = await documents.document(job.record.id)
      if (hasInputs) job.inputs = await JobInputs.read(document, holdings)
      for (const index of indexes) {
        // oxlint-disable-next-line no-await-in-loop -- an item that is found need not wait for the others
        const earlier = cache === 'use' ? await results.find(job, document, index) : undefined
        left.delete(index)
        take(index, earlier)
      }
    } catch (cause) {
      logger.warn({ jobId: job.record.id, err: cause }, 'earlier results could not be looked up')
      for (const index of left) take(index, undefined)
    }
  }
}
