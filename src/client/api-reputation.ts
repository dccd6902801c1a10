/** The part of `ApiClient` that is about reputation: scores, the evidence behind them, and all of it to count again. */
import { ApiCaller } from './api-caller.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { ReputationView } from '../model/generated/api-reputation.ts'

/** Old evidence is read from the disk, and there may be much of it. */
const READ_TIMEOUT_MS = 300_000
const PAGE_ROWS = 1_000

export class ReputationApi extends ApiCaller {
  /**
   * What the router has seen of each worker: the best, up to a thousand.
   * @example
   * const [best] = await client.reputation({ limit: 1 })
   */
  async reputation({
    limit,
    ...options
  }: AbortOptions & { limit?: number | undefined } = {}): Promise<ReputationView[]> {
    return this.get('/v1/reputation', { ...options, query: { limit } })
  }

  /**
   * What the router has seen of one worker, or had at a moment (`2026-01-02T03:04:05Z`, or `1h` ago).
   * @throws MeshError FIELD_INVALID where the evidence does not go back so far
   * @example
   * const { reputation, evidence } = await client.reputationOf(peerId)
   */
  async reputationOf(
    peer: string,
    { asOf, ...options }: AbortOptions & { asOf?: string | undefined } = {}
  ): Promise<ReputationView> {
    const request = { ...options, query: { as_of: asOf }, timeoutMs: READ_TIMEOUT_MS }
    return this.get(reputationPath(peer), request)
  }

  /**
   * What was counted of a worker, newest first, fetched page by page as it is read.
   * @example
   * for await (const { at_ms, kind, receipt } of client.evidenceOf(peerId)) console.log(at_ms, kind)
   */
  evidenceOf(peer: string, options: AbortOptions = {}): AsyncGenerator<EvidenceEntry, void> {
    const request = { ...options, limit: PAGE_ROWS, timeoutMs: READ_TIMEOUT_MS }
    return this.pages(`${reputationPath(peer)}/evidence`, request)
  }

  /**
   * The unverified results of a worker from the day before its last wrong one, newest first.
   * @example
   * for await (const { job, item } of client.suspectsOf(peerId)) console.log(job, item)
   */
  suspectsOf(peer: string, options: AbortOptions = {}): AsyncGenerator<EvidenceEntry, void> {
    const request = { ...options, limit: PAGE_ROWS, timeoutMs: READ_TIMEOUT_MS }
    return this.pages(`${reputationPath(peer)}/suspects`, request)
  }

  /**
   * All evidence, or that of one worker, as it was counted, signed by the router: lines of JSON.
   * @example
   * for await (const chunk of await client.exportReputation()) process.stdout.write(chunk)
   */
  async exportReputation({
    peer,
    ...options
  }: AbortOptions & { peer?: string | undefined } = {}): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.transport.open('/v1/reputation/export', {
      ...options,
      query: { peer }
    })
    return body ?? new ReadableStream({ start: (controller) => controller.close() })
  }
}

function reputationPath(peer: string): string {
  return `/v1/reputation/${encodeURIComponent(peer)}`
}
