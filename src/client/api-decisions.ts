/** The part of `ApiClient` that is about decisions: those that were made, what counts for them, whom they passed over. */
import { LIMITS } from '../core/limits.ts'
import { RecipeApi } from './api-recipes.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { IdleReasonsView } from '../model/generated/api-idle-reasons.ts'
import type { WeightsView } from '../model/generated/api-weights.ts'

/** Some MiB at a time. */
const PAGE_ROWS = LIMITS.decisionRowsMax

export class DecisionApi extends RecipeApi {
  /**
   * The decisions of all jobs, oldest first: those since a moment, or not longer ago than `1h`.
   * @example
   * for await (const { chosen, job_id } of client.decisions('1h')) console.log(job_id, chosen)
   */
  async *decisions(
    since?: string,
    options: AbortOptions = {}
  ): AsyncGenerator<DecisionRecord, void, undefined> {
    let after: string | undefined
    for (;;) {
      const query = { since, after, limit: PAGE_ROWS }
      // oxlint-disable-next-line no-await-in-loop -- each page says where the next begins
      const page = await this.get<DecisionRecord[]>('/v1/decisions', { ...options, query })
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) return
      after = [last.at_ms, last.job_id, last.item, last.attempt].join()
    }
  }

  /**
   * Why tasks went elsewhere than to a worker, or to any, by what this router and others say.
   * @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { workers } = await client.idleReasons({ peer: 'YkzB', since: '1h' })
   */
  async idleReasons(
    which: { peer?: string | undefined; since?: string | undefined } = {},
    options: AbortOptions = {}
  ): Promise<IdleReasonsView> {
    return this.get('/v1/idle-reasons', { ...options, query: which })
  }

  /**
   * What counts for a choice on this router, and the presets that a job may name.
   * @example
   * const { own, presets } = await client.weights()
   */
  async weights(options: AbortOptions = {}): Promise<WeightsView> {
    return this.get('/v1/weights', options)
  }
}
