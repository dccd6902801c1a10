/**
 * Job documents at hand, up to a bound of bytes: what was just submitted is dispatched without reading
 * it back, and a queue of a hundred thousand jobs does not hold all their bodies in memory.
 */
import { assert } from '../core/assert.ts'
import { LIMITS } from '../core/limits.ts'
import { encodeTask } from '../model/job.ts'
import { filesOfItem } from '../model/job-inputs.ts'
import { meanTaskBytes } from '../model/task-size.ts'
import type { JobDocument } from '../model/job.ts'
import type { NeededFiles } from '../model/job-inputs.ts'

/** As much as the largest submission; parsed, a document takes a few times its text. */
const DEFAULT_BYTES_MAX = LIMITS.submissionBytesMax

interface Kept {
  document: JobDocument
  bytes: number
  /** Undefined until somebody asks. */
  taskBytes: number | undefined
}

export class DocumentCache {
  readonly #load: (jobId: string) => Promise<string | undefined>
  readonly #bytesMax: number
  /** Oldest use first. */
  readonly #kept = new Map<string, Kept>()
  readonly #reading = new Map<string, Promise<JobDocument>>()
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
    this.#kept.set(jobId, { document, bytes, taskBytes: undefined })
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

  /** How long the text of one of its tasks is, on average; undefined while the document is not at hand. */
  taskBytes(jobId: string): number | undefined {
    const kept = this.#kept.get(jobId)
    if (kept === undefined) return undefined
    kept.taskBytes ??= meanTaskBytes(kept.document, kept.bytes)
    return kept.taskBytes
  }

  /** JSON text of one item's task. */
  async taskText(jobId: string, index: number): Promise<string> {
    return encodeTask(await this.document(jobId), index)
  }

  /** What one item's task needs of the mesh. */
  async neededFiles(jobId: string, index: number): Promise<NeededFiles> {
    return filesOfItem(await this.document(jobId), index)
  }

  /** The document, read back from the store if need be. Not to be changed. */
  async document(jobId: string): Promise<JobDocument> {
    const kept = this.#kept.get(jobId)
    if (kept === undefined) return await this.#readBack(jobId)
    this.#kept.delete(jobId)
    this.#kept.set(jobId, kept)
    return kept.document
  }

  /** Read once for all that ask at the same time. */
  async #readBack(jobId: string): Promise<JobDocument> {
    const reading = this.#reading.get(jobId) ?? this.#read(jobId)
    this.#reading.set(jobId, reading)
    try {
      return await reading
    } finally {
      this.#reading.delete(jobId)
    }
  }

  async #read(jobId: string): Promise<JobDocument> {
    const text = await this.#load(jobId)
    assert(text !== undefined, 'the document of a job that has not ended is in the store')
    const document = JSON.parse(text) as JobDocument
    this.keep(jobId, document, text.length)
    return document
  }
}
