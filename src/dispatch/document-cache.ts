/**
 * Job documents at hand, up to a bound of bytes: what was just submitted is dispatched without reading
 * it back, and a queue of a hundred thousand jobs does not hold all their bodies in memory.
 */
import { assert } from '../core/assert.ts'
import { encodeTask } from '../model/job.ts'
import type { JobDocument } from '../model/job.ts'

const DEFAULT_BYTES_MAX = 128 * 1_024 * 1_024

interface Kept {
  document: JobDocument
  bytes: number
}

export class DocumentCache {
  readonly #load: (jobId: string) => Promise<string | undefined>
  readonly #bytesMax: number
  /** Oldest use first. */
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor(
    load: (jobId: string) => Promise<string | undefined>,
    bytesMax: number = DEFAULT_BYTES_MAX
  ) {
    this.#load = load
    this.#bytesMax = bytesMax
  }

  /** @param bytes length of the document's text */
  keep(jobId: string, document: JobDocument, bytes: number): void {
    this.forget(jobId)
    this.#kept.set(jobId, { document, bytes })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax || oldest === jobId) break
      this.forget(oldest)
    }
  }

  forget(jobId: string): void {
    const kept = this.#kept.get(jobId)
    if (kept === undefined) return
    this.#kept.delete(jobId)
    this.#bytes -= kept.bytes
  }

  /** JSON text of one item's task, read back from the store if need be. */
  async taskText(jobId: string, index: number): Promise<string> {
    const kept = this.#kept.get(jobId)
    if (kept !== undefined) return encodeTask(kept.document, index)
    const text = await this.#load(jobId)
    assert(text !== undefined, 'the document of a job that has not ended is in the store')
    const document = JSON.parse(text) as JobDocument
    this.keep(jobId, document, text.length)
    return encodeTask(document, index)
  }
}
