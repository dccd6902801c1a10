/** What was signed of a job's attempts, for those who ask; of a result that was not run anew, that of the earlier run. */
import type { ItemRecord } from '../../jobs/records.ts'
import type { JobReader } from './job-reader.ts'
import type { JobStore } from '../../jobs/store.ts'
import type { ReceiptView } from '../../model/generated/api-receipt.ts'

export interface ReceiptReaderComponents {
  reader: Pick<JobReader, 'find' | 'indexOf'>
  store: Pick<JobStore, 'attempts' | 'itemIndex' | 'items' | 'itemsAt' | 'receipt'>
}

/** Which of them: all attempts of all items, unless it says less. */
export interface ReceiptFilter {
  item?: string
  attempt?: number
  /** Only items with an index above this. */
  after?: number
  /** How many items at most. */
  limit: number
}

export interface ReceiptPage {
  rows: ReceiptView[]
  /** The index of the last item that was looked at, if there may be more behind it. */
  next: number | undefined
}

export class ReceiptReader {
  readonly #components: ReceiptReaderComponents

  constructor(components: ReceiptReaderComponents) {
    this.#components = components
  }

  /** By item, then attempt; attempts without a receipt are left out. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, NOT_FOUND */
  async receipts(id: string, { attempt, ...filter }: ReceiptFilter): Promise<ReceiptPage> {
    const { reader } = this.#components
    const { id: jobId } = await reader.find(id)
    const index = filter.item === undefined ? undefined : await reader.indexOf(jobId, filter.item)
    const items = await this.#items(jobId, index, filter)
    const views: ReceiptView[] = []
    for (const item of items) {
      // oxlint-disable-next-line no-await-in-loop -- the store answers one after the other
      views.push(...(await this.#ofItem(item)))
    }
    const rows = attempt === undefined ? views : views.filter((view) => view.attempt === attempt)
    const isFull = index === undefined && items.length === filter.limit
    return { rows, next: isFull ? items.at(-1)?.index : undefined }
  }

  async #items(
    jobId: string,
    index: number | undefined,
    { after, limit }: Omit<ReceiptFilter, 'attempt'>
  ): Promise<ItemRecord[]> {
    const { store } = this.#components
    if (index !== undefined) return await store.itemsAt(jobId, [index])
    return await store.items(jobId, { after, limit })
  }

  async #ofItem(item: ItemRecord): Promise<ReceiptView[]> {
    const { store } = this.#components
    const { attemptCount, id, index, jobId, reusedFrom } = item
    const attempts = await store.attempts(jobId, { itemIndex: index, limit: attemptCount })
    const views = attempts.map(({ number, workerId: worker }) =>
      this.#view({ jobId, itemIndex: index, item: id, attempt: number, worker })
    )
    if (reusedFrom !== null) views.push(this.#ofEarlierRun(id, reusedFrom))
    return (await Promise.all(views)).flatMap((view) => view ?? [])
  }

  /** It may have been forgotten since. */
  async #ofEarlierRun(
    item: string,
    { attempt, itemId, jobId, workerId }: NonNullable<ItemRecord['reusedFrom']>
  ): Promise<ReceiptView | undefined> {
    const itemIndex = await this.#components.store.itemIndex(jobId, itemId)
    if (itemIndex === undefined) return undefined
    const earlier = { jobId, itemIndex, item: itemId, attempt, worker: workerId ?? '' }
    const view = await this.#view(earlier)
    return view === undefined ? undefined : { ...view, reused_by: item }
  }

  async #view({
    attempt,
    item,
    itemIndex,
    jobId,
    worker
  }: {
    jobId: string
    itemIndex: number
    item: string
    attempt: number
    worker: string
  }): Promise<ReceiptView | undefined> {
    const signed = await this.#components.store.receipt(jobId, itemIndex, attempt)
    return signed === undefined ? undefined : { job_id: jobId, item, attempt, worker, ...signed }
  }
}
