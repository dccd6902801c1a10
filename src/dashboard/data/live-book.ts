/** News of the live stream that wait for the next frame, as one: what is told later replaces what was told before. Pure. */
import type { JobView } from '../../model/generated/api-job.ts'
import type { LiveNews } from '../../model/generated/api-live.ts'
import type { NodeView } from '../../model/generated/api-node.ts'

export interface GatheredNews extends Pick<LiveNews, 'map' | 'overview' | 'sample' | 'transfers'> {
  /** What was known before is to be forgotten. */
  isFirst: boolean
  /** By PeerId; null of those that are gone. */
  nodes: ReadonlyMap<string, NodeView | null>
  jobs: readonly JobView[]
  jobsMissed: number
}

export class LiveBook {
  #isFirst = false
  #latest: Pick<LiveNews, 'map' | 'overview' | 'sample' | 'transfers'> = {}
  #nodes = new Map<string, NodeView | null>()
  #jobs = new Map<string, JobView>()
  #jobsMissed = 0

  add({ is_first, jobs, jobs_missed, nodes, nodes_gone, ...latest }: LiveNews): void {
    if (is_first === true) {
      this.#clear()
      this.#isFirst = true
    }
    this.#latest = { ...this.#latest, ...latest }
    for (const peer of nodes_gone ?? []) this.#nodes.set(peer, null)
    for (const node of nodes ?? []) this.#nodes.set(node.peer_id, node)
    for (const job of jobs ?? []) this.#jobs.set(job.id, job)
    this.#jobsMissed += jobs_missed ?? 0
  }

  /** All that was gathered; from then on it gathers anew. */
  take(): GatheredNews {
    const news = {
      ...this.#latest,
      isFirst: this.#isFirst,
      nodes: this.#nodes,
      jobs: [...this.#jobs.values()],
      jobsMissed: this.#jobsMissed
    }
    this.#clear()
    return news
  }

  #clear(): void {
    this.#isFirst = false
    this.#latest = {}
    this.#nodes = new Map()
    this.#jobs = new Map()
    this.#jobsMissed = 0
  }
}
