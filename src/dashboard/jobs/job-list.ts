/**
 * The rows of the table of jobs: pages that were fetched, kept true by news. Rows change where they stand; what is new
 * waits above the table until somebody wants to see it, so that nothing moves away from under a pointer. Pure.
 */
import type { JobView } from '../../model/generated/api-job.ts'

/** Of jobs that nobody has looked at yet; there may be many more. */
const WAITING_MAX = 1_000

export class JobList {
  #ids: string[] = []
  readonly #jobs = new Map<string, JobView>()
  readonly #waiting = new Map<string, JobView>()

  /** Newest first. */
  get ids(): readonly string[] {
    return this.#ids
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  job(id: string): JobView | undefined {
    return this.#jobs.get(id)
  }

  /** The next page: what is older than all that is there. */
  append(page: readonly JobView[]): void {
    const ids = page.filter(({ id }) => !this.#jobs.has(id)).map(({ id }) => id)
    this.#ids = [...this.#ids, ...ids]
    for (const job of page) this.#keep(job)
  }

  /** Jobs that came or changed; those that the table does not have wait, if they belong into it. */
  take(news: readonly JobView[], fits: (job: JobView) => boolean): void {
    const newestMs = this.#newestMs()
    for (const job of news) {
      if (this.#jobs.has(job.id)) this.#keep(job)
      else if (this.#waiting.has(job.id)) this.#waiting.set(job.id, job)
      else if (job.created_at_ms >= newestMs && fits(job)) this.#waiting.set(job.id, job)
    }
    for (const id of this.#waiting.keys()) {
      if (this.#waiting.size <= WAITING_MAX) break
      this.#waiting.delete(id)
    }
  }

  showWaiting(): void {
    const fresh = [...this.#waiting.values()].toSorted(
      (one, other) => other.created_at_ms - one.created_at_ms || other.id.localeCompare(one.id)
    )
    this.#waiting.clear()
    this.#ids = [...fresh.map(({ id }) => id), ...this.#ids]
    for (const job of fresh) this.#keep(job)
  }

  /** What comes later replaces what came before. */
  #keep(job: JobView): void {
    this.#jobs.set(job.id, job)
    this.#waiting.delete(job.id)
  }

  /** What is older than the newest row was passed over by the pages before it. */
  #newestMs(): number {
    const [first] = this.#ids
    return first === undefined ? 0 : (this.#jobs.get(first)?.created_at_ms ?? 0)
  }
}
